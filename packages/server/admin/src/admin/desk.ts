// The functions of the frame that every part of the admin page may call.

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Question } from "../parts/confirm.tsx";

export interface DeskTools {
  /** Asks for a confirmation. */
  readonly ask: (question: Question) => void;
  /** Shows the result of an action. */
  readonly say: (text: string) => void;
  /** Handles every failure; one of them is that the user is no longer signed in. */
  readonly onError: (error: unknown) => void;
}

export const Desk = createContext<DeskTools>({ ask: () => {}, say: () => {}, onError: () => {} });

export const useDesk = (): DeskTools => useContext(Desk);
