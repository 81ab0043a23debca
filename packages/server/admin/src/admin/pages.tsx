// The links from one page of a list to others.

interface PagesProps {
  readonly first: string | null;
  readonly previous: string | null;
  readonly next: string | null;
}

export function Pages({ first, previous, next }: PagesProps) {
  return (
    <nav class="pages" aria-label="Pages of sessions">
      {first !== null && <a href={first}>First page</a>}
      {previous !== null && (
        <a rel="prev" href={previous}>
          Previous page
        </a>
      )}
      {next !== null && (
        <a class="next" rel="next" href={next}>
          Next page
        </a>
      )}
    </nav>
  );
}
