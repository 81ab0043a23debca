// The acknowledgements that clients received, and the facts that must hold because of them. Judges answers; sends
// nothing.

/** One session as its client knows it. */
export interface Life {
  /** The newest token that the client was given. */
  token: string;
  /** Those before it. */
  readonly earlier: string[];
  /** Writes that were acknowledged, and when. */
  readonly marks: Map<string, number>;
  /**
   * `ending`: a sign-out was sent and not acknowledged, so both results are right. `lost`: it was refused although it
   * must not be.
   */
  state: "live" | "ending" | "ended" | "lost";
  /** When the sign-out was acknowledged. */
  endedAt: number;
  /** A rotation was sent whose answer never came: the client may hold a token that was replaced. */
  isRotationInDoubt: boolean;
}

export type Operation = "read" | "update" | "rotate" | "sign-out";

/** The answer to a client. `status` 0: the connection broke, or no answer came in time. */
export interface Answer {
  readonly status: number;
  readonly token: string | null;
  /** The result of a read. */
  readonly marks: readonly string[] | null;
  /** The body, where it says why not. */
  readonly detail: string;
  readonly sentAt: number;
  readonly answeredAt: number;
}

/** The counts of a cell of the matrix. */
export interface Counts {
  /** Requests that were answered as they should be, while all ran. */
  acknowledged: number;
  /** Acknowledged writes that a later read did not find. */
  lostWrites: number;
  /** Writes that a later read found twice. */
  doubled: number;
  /** Sessions whose client was signed in, and was refused. */
  wrong401: number;
  /** The same, where the client had not been told how a rotation went. */
  doubtful401: number;
  /** Sessions that admitted a client after their sign-out had been acknowledged. */
  revived: number;
  /** Requests answered 503. */
  unavailable: number;
  /** Requests without any answer. */
  unanswered: number;
  /** Sign-ins answered 409: their place in the user's index was gone before they had begun. */
  revoked409: number;
  /** Answers that no request should ever get. */
  unexpected: number;
  /** New tokens that a client was offered, and sends from then on. */
  offers: number;
  /** The longest request, in milliseconds. */
  longest: number;
}

const STATUSES = new Set([200, 401, 409, 503, 0]);

export class Ledger {
  readonly lives: Life[] = [];
  /** Answers that no request should ever get, with their status. */
  readonly unexpected: string[] = [];
  /** When requests failed. */
  readonly failedAt: number[] = [];
  #acknowledged = 0;
  #unavailable = 0;
  #revoked409 = 0;
  #longest = 0;
  #offers = 0;
  readonly #lostWrites = new Set<string>();
  readonly #doubled = new Set<string>();
  readonly #wrong401 = new Set<Life>();
  readonly #doubtful401 = new Set<Life>();
  readonly #revived = new Set<Life>();
  readonly #staleness: number;
  #isOver = false;

  /** A read may miss what was acknowledged so many milliseconds before it was sent, or later. */
  constructor(staleness = 0) {
    this.#staleness = staleness;
  }

  /** A session begins, if its client was told so. */
  signedIn(answer: Answer): Life | null {
    this.noteAny(answer);
    if (answer.status !== 200 || answer.token === null) return null;
    const life: Life = {
      token: answer.token,
      earlier: [],
      marks: new Map(),
      state: "live",
      endedAt: Number.POSITIVE_INFINITY,
      isRotationInDoubt: false,
    };
    this.lives.push(life);
    return life;
  }

  /** Notes how a request of a session went. */
  note(operation: Operation, life: Life, answer: Answer, mark = ""): void {
    this.noteAny(answer);
    if (operation === "sign-out" && (life.state !== "live" || answer.status !== 401)) noteEnd(life, answer);
    else if (answer.status === 401) this.#judgeRefusal(life);
    else if (answer.status !== 200) life.isRotationInDoubt ||= operation === "rotate";
    else this.#noteDone(operation, life, answer, mark);
  }

  /** The newest token is the one that the client sends from now on. */
  #noteDone(operation: Operation, life: Life, answer: Answer, mark: string): void {
    if (answer.token !== null) {
      life.earlier.push(life.token);
      life.token = answer.token;
      if (operation !== "rotate") this.#offers++;
    }
    if (operation === "update") life.marks.set(mark, answer.answeredAt);
    else if (operation === "read" && life.state === "live") this.#judgeRead(life, answer);
  }

  /** The answer to a client that presents the token of an ended session. */
  noteEnded(life: Life, answer: Answer): void {
    this.noteAny(answer);
    if (answer.status === 200) this.#revived.add(life);
  }

  /** From now on requests are the checker's, and count as no part of what ran. */
  endRun(): void {
    this.#isOver = true;
  }

  get counts(): Counts {
    return {
      acknowledged: this.#acknowledged,
      lostWrites: this.#lostWrites.size,
      doubled: this.#doubled.size,
      wrong401: this.#wrong401.size,
      doubtful401: this.#doubtful401.size,
      revived: this.#revived.size,
      unavailable: this.#unavailable,
      revoked409: this.#revoked409,
      unanswered: this.failedAt.length - this.#unavailable - this.#revoked409,
      unexpected: this.unexpected.length,
      offers: this.#offers,
      longest: Math.round(this.#longest),
    };
  }

  /** Notes how a request went of which any answer is right. */
  noteAny({ status, detail, sentAt, answeredAt }: Answer): void {
    if (!STATUSES.has(status)) this.unexpected.push(`${status} ${detail}`);
    if (this.#isOver) return;
    this.#longest = Math.max(this.#longest, answeredAt - sentAt);
    if (status === 200 || status === 401) this.#acknowledged++;
    else this.failedAt.push(answeredAt);
    if (status === 503) this.#unavailable++;
    if (status === 409) this.#revoked409++;
  }

  #judgeRefusal(life: Life): void {
    if (life.state !== "live") return;
    life.state = "lost";
    if (life.isRotationInDoubt) this.#doubtful401.add(life);
    else this.#wrong401.add(life);
  }

  #judgeRead(life: Life, { marks, sentAt }: Answer): void {
    const found = marks ?? [];
    const seen = new Set(found);
    for (const [mark, acknowledgedAt] of life.marks) {
      if (acknowledgedAt <= sentAt - this.#staleness && !seen.has(mark)) this.#lostWrites.add(mark);
    }
    if (seen.size < found.length) {
      for (const mark of seen) if (found.indexOf(mark) !== found.lastIndexOf(mark)) this.#doubled.add(mark);
    }
  }
}

/** A client without an answer tries again, and is content when the session is over. */
function noteEnd(life: Life, { status, answeredAt }: Answer): void {
  if (life.state === "lost") return;
  const isOver = status === 200 || status === 401;
  // Refused, not signed out: where a rotation was lost, a token from before it may still open.
  if (status === 401) life.earlier.length = 0;
  life.state = isOver ? "ended" : "ending";
  life.endedAt = isOver ? answeredAt : Number.POSITIVE_INFINITY;
}
