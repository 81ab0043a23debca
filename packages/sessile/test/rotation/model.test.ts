// The rules of rotation by offers, each state of the model visited: what they promise to an honest browser, and what
// they show of a copy.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { byDepth } from "sessile-test-support/depth";
import { check, type Rules, type World } from "./model.ts";

/** D, the grace of a rotation, in ticks. */
const GRACES = byDepth([2], [2, 3], [2, 3, 4, 5, 6]);

function rules(grace: number, planted: Partial<Rules> = {}): Rules {
  return {
    promoteAfter: grace,
    grace,
    offerAgainAfter: 2 * grace,
    formerOffer: "dead",
    endsOnDead: true,
    ...planted,
  };
}

describe("a model of rotation by offers", () => {
  for (const grace of GRACES) {
    test(`D = ${grace} ticks: an honest browser stays signed in as long as the network keeps its bounds, and no longer`, (t) => {
      let [worlds, states] = [0, 0];
      for (const world of worldsFor(grace)) {
        const { late, underWay, flush } = world;
        const isSafe = flush === null ? late + underWay < 2 * grace : late + flush + underWay < grace;
        const { violation, ...checked } = check(rules(grace), world);
        assert.equal(violation === null, isSafe, `${JSON.stringify(world)}: ${violation?.join("; ")}`);
        worlds++;
        states += checked.states;
      }
      t.diagnostic(`${worlds} worlds, ${states} states`);
    });
  }

  test("two holders of one token are told apart D after one of them presents a successor, in every order", (t) => {
    for (const flush of byDepth([null], [null, 0], [null, 0, 1])) {
      const { violation, states } = check(rules(2), { late: 1, underWay: 1, flush, holders: 2 });
      assert.equal(violation, null, violation?.join("; "));
      t.diagnostic(`${states} states`);
    }
  });

  // Each is safe but for the fault: the world's bounds are well within those that the rules need.
  const honest: World = { late: 1, underWay: 0, flush: 1, holders: 1 };
  const stolen: World = { late: 1, underWay: 0, flush: null, holders: 2, toldApartWithin: 3 };
  const faults: Record<string, { planted: Partial<Rules>; world: World; found: RegExp }> = {
    "promotion at once": { planted: { promoteAfter: 0 }, world: honest, found: /honest browser is signed out/ },
    "an offer over one younger than 2 D": {
      planted: { offerAgainAfter: 0 },
      world: honest,
      found: /honest browser is signed out/,
    },
    "two open offers, one of which dies with the promotion of the other": {
      planted: { formerOffer: "good until another is promoted", offerAgainAfter: 0 },
      world: honest,
      found: /honest browser is signed out/,
    },
    "two open offers, both good for good": {
      planted: { formerOffer: "good", offerAgainAfter: 0 },
      world: stolen,
      found: /not told apart: both are served/,
    },
    "a former token that is good for longer than D": {
      planted: { grace: 10 },
      world: stolen,
      found: /not told apart: both are served/,
    },
    "a former token that dies with the promotion": {
      planted: { grace: -1 },
      world: { ...honest, late: 2, underWay: 1, flush: null },
      found: /honest browser is signed out/,
    },
    "the oldest tokens are forgotten": { planted: { endsOnDead: false }, world: stolen, found: /no reuse is reported/ },
  };
  for (const [name, { planted, world, found }] of Object.entries(faults)) {
    test(`finds a planted fault: ${name}`, (t) => {
      const { violation, states } = check(rules(3, planted), world);
      assert.match(violation?.at(-1) ?? "none", found);
      t.diagnostic(`after ${states} states: ${violation?.join("; ")}`);
    });
  }
});

/** Every bound of the network and of the browser's disk around those that the rules need. */
function* worldsFor(grace: number): Generator<World> {
  for (let late = 0; late <= 2 * grace; late++) {
    for (let underWay = 0; underWay <= grace + 1; underWay++) {
      yield { late, underWay, flush: null, holders: 1 };
      for (let flush = 0; flush <= grace; flush++) yield { late, underWay, flush, holders: 1 };
    }
  }
}
