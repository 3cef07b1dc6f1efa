// States in the order of display, and their colours: those of a span, and those of an asset now.

import type { CurrentState, State } from "@/api/types";

export const STATES: readonly State[] = ["active", "standby", "off", "unobserved"];
export const CURRENT_STATES: readonly CurrentState[] = ["active", "standby", "off", "rule_unfit", "use_indistinct", "no_rule", "unobserved", "no_sensor"];

export const COLOUR: Record<State, string> = {
  active: "#15936b",
  standby: "#e8a02c",
  off: "#8fa1ab",
  unobserved: "#d5dde1",
};
