// What every part of the admin page may do to the frame around it.

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Question } from "../parts/confirm.tsx";

export interface DeskTools {
  /** Asks before something is done. */
  readonly ask: (question: Question) => void;
  /** Says what was done. */
  readonly say: (text: string) => void;
  /** Hears of every failure: one of them is that nobody is signed in any more. */
  readonly onError: (error: unknown) => void;
}

export const Desk = createContext<DeskTools>({ ask: () => {}, say: () => {}, onError: () => {} });

export const useDesk = (): DeskTools => useContext(Desk);
