// The four states, in the order of display, and their colours.

import type { State } from "@/api/types";

export const STATES: readonly State[] = ["active", "standby", "off", "unobserved"];

export const COLOUR: Record<State, string> = {
  active: "#15936b",
  standby: "#e8a02c",
  off: "#8fa1ab",
  unobserved: "#d5dde1",
};
