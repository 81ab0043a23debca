export default function Account() {
  return <p>Only for those whom proxy.ts lets pass</p>;
}
