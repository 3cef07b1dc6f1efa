// Short names for values of the generated schema (`schema.d.ts`, written by `make snapshots`).
import type { AssetRow, Finding, IntegrityFinding, PointNow, RankingRow, RecordRow, StateInterval } from "./schema";

export type State = StateInterval["state"];
export type CurrentState = AssetRow["state"];
export type Presence = AssetRow["presence"];
export type Outcome = Finding["outcome"];
export type DataSource = Finding["data_source"];
export type Severity = IntegrityFinding["severity"];
export type Stage = RankingRow["stages"][number];
/** The value of a reading. */
export type Value = PointNow["value"];
/** A cell of a school's records. */
export type Cell = RecordRow["cells"][string];
