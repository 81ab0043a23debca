// The logo of the program.

export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" />
      <path d="M7 24h18M11 24V14a5 5 0 0 1 10 0v10" />
    </svg>
  );
}
