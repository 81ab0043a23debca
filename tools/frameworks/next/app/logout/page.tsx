import { signOut } from "../more-actions";

export default function Logout() {
  return <form action={signOut} />;
}
