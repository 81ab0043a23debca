import { visit } from "../more-actions";

export default function Visit() {
  return <form action={visit} />;
}
