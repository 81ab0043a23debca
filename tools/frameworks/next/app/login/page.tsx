import { signIn } from "../actions";

export default function Login() {
  return (
    <form action={signIn}>
      <input name="user" />
    </form>
  );
}
