// A model of rotation by offers: the rules, a browser with a cookie jar, answers that are late or lost, and a second
// holder of the token.
//
// A token is named by its place in the record: the `present` one, the open `offer`, the `previous` one, or `dead`: any
// other that was ever issued. So the states are few, however often a session rotates, and `check` visits all of them.
// Time passes in ticks.

/** The rules, and the ways to break them that the check must find. */
export interface Rules {
  /** An offer presented at this age or later is promoted. */
  readonly promoteAfter: number;
  /** The token before the present one is good for so many ticks after a promotion. */
  readonly grace: number;
  /** An open offer younger than this keeps the server from making another one. */
  readonly offerAgainAfter: number;
  /**
   * The fate of an offer when another one is made, or promoted. By the rules there is one open offer, and the others
   * are dead.
   */
  readonly formerOffer: "dead" | "good until another is promoted" | "good";
  /** Whether the record recognises every token that the session ever had. */
  readonly endsOnDead: boolean;
}

/** The bounds of the network and the browser, in ticks. */
export interface World {
  /** An answer arrives within this time after it left, or never. */
  readonly late: number;
  /** A request arrives within this time after it was sent, or never. */
  readonly underWay: number;
  /** The browser writes a cookie to the disk within this time. `null`: the browser is never killed. */
  readonly flush: number | null;
  /** 1: one honest browser. 2: another with a copy of its first token. */
  readonly holders: 1 | 2;
  /**
   * Two holders are told apart when this time has passed since the first of them presented a successor. Default: the
   * grace.
   */
  readonly toldApartWithin?: number;
}

/** At most so many requests, and so many answers with a token, each holder has under way at once. */
const PARALLEL = 2;

const TOKENS = ["present", "offer", "formerOffer", "previous", "dead"] as const;
type Token = (typeof TOKENS)[number];

interface Message {
  readonly token: Token;
  readonly age: number;
  /** The browser that sent it was killed, so no answer reaches a jar. */
  readonly isOrphan: boolean;
}

interface Holder {
  readonly jar: Token;
  readonly disk: Token;
  /** Ticks for which the jar has differed from the disk. */
  readonly unflushed: number;
  readonly requests: readonly Message[];
  readonly answers: readonly Message[];
}

interface State {
  /** `null`: no offer is open. */
  readonly offerAge: number | null;
  readonly formerOfferAge: number | null;
  /** Ticks since the last promotion, and the holder that caused it. */
  readonly promoted: { readonly age: number; readonly by: number } | null;
  readonly holders: readonly Holder[];
}

interface Step {
  readonly words: string;
  readonly next: State | null;
  readonly violation?: string;
}

export interface Checked {
  readonly states: number;
  /** The shortest way to a state that must not be, a step an entry; `null` when there is none. */
  readonly violation: readonly string[] | null;
}

/** Visits every state that can be reached, the nearest first. */
export function check(rules: Rules, world: World): Checked {
  const holder: Holder = { jar: "present", disk: "present", unflushed: 0, requests: [], answers: [] };
  const holders = Array.from({ length: world.holders }, () => holder);
  const first: State = { offerAge: null, formerOfferAge: null, promoted: null, holders };
  const queue: { state: State; from: number; words: string }[] = [{ state: first, from: -1, words: "begin" }];
  const seen = new Set([JSON.stringify(first)]);
  const wayTo = (at: number): string[] => {
    const entry = queue[at];
    return entry === undefined ? [] : [...wayTo(entry.from), entry.words];
  };
  for (let at = 0; at < queue.length; at++) {
    for (const { words, next, violation } of steps((queue[at] as { state: State }).state, rules, world)) {
      if (violation !== undefined) return { states: seen.size, violation: [...wayTo(at), words, violation] };
      if (next === null) continue;
      const key = JSON.stringify(next);
      if (seen.has(key)) continue;
      seen.add(key);
      queue.push({ state: next, from: at, words });
    }
  }
  return { states: seen.size, violation: null };
}

function* steps(state: State, rules: Rules, world: World): Generator<Step> {
  for (const [index, holder] of state.holders.entries()) {
    yield* ofBrowser(state, index, holder, world);
    for (const request of new Set(holder.requests)) {
      const requests = without(holder.requests, request);
      yield { words: `${NAMES[index]}: a request is lost`, next: withHolder(state, index, { requests }) };
      yield* ofServer(withHolder(state, index, { requests }), index, request, rules, world);
    }
  }
  const next = tick(state, rules, world);
  if (next !== null) yield { words: "a tick", next };
}

const NAMES = ["the browser", "the second holder"];

/** Sends a request, takes an answer, writes the jar to the disk, is killed. */
function* ofBrowser(state: State, index: number, holder: Holder, world: World): Generator<Step> {
  const step = (words: string, changed: Partial<Holder>): Step => {
    return { words: `${NAMES[index]} ${words}`, next: withHolder(state, index, changed) };
  };
  if (holder.requests.length < PARALLEL) {
    const request = { token: holder.jar, age: 0, isOrphan: false };
    yield step(`sends the ${holder.jar} token`, { requests: sorted([...holder.requests, request]) });
  }
  for (const answer of new Set(holder.answers)) {
    const answers = without(holder.answers, answer);
    yield step("loses an answer", { answers });
    const disk = world.flush === null ? answer.token : holder.disk;
    yield step(`gets the ${answer.token}`, { answers, jar: answer.token, disk, unflushed: 0 });
  }
  if (world.flush === null) return;
  if (holder.jar !== holder.disk) yield step("writes its jar to the disk", { disk: holder.jar, unflushed: 0 });
  if (holder.jar !== holder.disk || holder.answers.length > 0) {
    const requests = sorted(holder.requests.map((request) => ({ ...request, isOrphan: true })));
    yield step("is killed and starts again", { jar: holder.disk, unflushed: 0, answers: [], requests });
  }
}

/** Each step is one way in which the server may treat the request: a write may fail, and an offer need not be due. */
function* ofServer(state: State, index: number, request: Message, rules: Rules, world: World): Generator<Step> {
  const { token } = request;
  const words = `the server gets the ${token} token of ${NAMES[index]}`;
  if (token === "dead" || (token === "previous" && (state.promoted?.age ?? 0) > rules.grace)) {
    if (world.holders === 1) yield { words, next: null, violation: "an honest browser is signed out" };
    else if (!rules.endsOnDead)
      yield { words, next: null, violation: "two holders are not told apart: no reuse is reported" };
    return; // The session ends, as it should.
  }
  const { promoted, offerAge, formerOfferAge } = state;
  if (promoted !== null && promoted.by !== index && promoted.age > (world.toldApartWithin ?? rules.grace)) {
    yield { words, next: null, violation: "two holders are not told apart: both are served" };
    return;
  }
  yield { words, next: state };
  if (token === "present" && (offerAge ?? rules.offerAgainAfter) >= rules.offerAgainAfter) {
    const next = offered(state, index, request, rules);
    if (next !== null) yield { words: `${words} and answers with an offer`, next };
  }
  const age = token === "offer" ? offerAge : token === "formerOffer" ? formerOfferAge : null;
  if (age !== null && age >= rules.promoteAfter) {
    yield { words: `${words} and promotes it`, next: promote(state, index, token, rules) };
  }
}

function offered(state: State, index: number, { isOrphan }: Message, rules: Rules): State | null {
  const former = rules.formerOffer === "dead" ? "dead" : "formerOffer";
  const renamed = rename(state, { offer: former, formerOffer: "dead" });
  const { answers } = renamed.holders[index] as Holder;
  if (answers.length >= PARALLEL) return null;
  const answer: Message = { token: "offer", age: 0, isOrphan: false };
  const holder = isOrphan ? {} : { answers: sorted([...answers, answer]) };
  const formerOfferAge = former === "dead" ? null : state.offerAge;
  return { ...withHolder(renamed, index, holder), offerAge: 0, formerOfferAge };
}

function promote(state: State, by: number, token: Token, rules: Rules): State {
  const other = token === "offer" ? "formerOffer" : "offer";
  const stays = rules.formerOffer === "good";
  const names: Partial<Record<Token, Token>> = { present: "previous", previous: "dead", [token]: "present" };
  const renamed = rename(state, { ...names, [other]: stays ? "formerOffer" : "dead" });
  const otherAge = other === "offer" ? state.offerAge : state.formerOfferAge;
  return { ...renamed, offerAge: null, formerOfferAge: stays ? otherAge : null, promoted: { age: 0, by } };
}

/** `null` when something must happen first: a message is as old as it may become. */
function tick(state: State, rules: Rules, world: World): State | null {
  const older = (messages: readonly Message[]) => messages.map((each) => ({ ...each, age: each.age + 1 }));
  const holders = state.holders.map((holder) => ({
    ...holder,
    requests: older(holder.requests),
    answers: older(holder.answers),
    unflushed: holder.jar === holder.disk ? 0 : holder.unflushed + 1,
  }));
  const isInTime = holders.every(
    ({ requests, answers, unflushed }) =>
      requests.every(({ age }) => age <= world.underWay) &&
      answers.every(({ age }) => age <= world.late) &&
      unflushed <= (world.flush ?? unflushed),
  );
  if (!isInTime) return null;
  const oldest = Math.max(rules.offerAgainAfter, rules.promoteAfter);
  const aged = (age: number | null) => (age === null ? null : Math.min(age + 1, oldest));
  const { promoted } = state;
  return {
    offerAge: aged(state.offerAge),
    formerOfferAge: aged(state.formerOfferAge),
    promoted: promoted && {
      ...promoted,
      age: Math.min(promoted.age + 1, Math.max(rules.grace, world.toldApartWithin ?? 0) + 1),
    },
    holders,
  };
}

function rename(state: State, names: Partial<Record<Token, Token>>): State {
  const of = (token: Token): Token => names[token] ?? token;
  const all = (messages: readonly Message[]) => sorted(messages.map((each) => ({ ...each, token: of(each.token) })));
  const holders = state.holders.map((holder) => ({
    jar: of(holder.jar),
    disk: of(holder.disk),
    unflushed: holder.unflushed,
    requests: all(holder.requests),
    answers: all(holder.answers),
  }));
  return { ...state, holders };
}

function withHolder(state: State, index: number, changed: Partial<Holder>): State {
  return { ...state, holders: state.holders.map((each, i) => (i === index ? { ...each, ...changed } : each)) };
}

function without(messages: readonly Message[], one: Message): readonly Message[] {
  return messages.filter((each) => each !== one);
}

/** In one order, so that states which differ in it alone are one. */
function sorted(messages: readonly Message[]): readonly Message[] {
  const rank = ({ token, age, isOrphan }: Message) => TOKENS.indexOf(token) + 10 * age + (isOrphan ? 1000 : 0);
  return messages.toSorted((one, other) => rank(one) - rank(other));
}
