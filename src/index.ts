/**
 * The public API: `open()` attaches to this kernel's ip_vs; the monitor that it returns hands out
 * events, snapshots and metrics. Nothing else of the package can be imported.
 */
export type { Endpoint, Snapshot, SnapshotRow } from './aggregate/snapshot.js';
export type { Totals } from './aggregate/totals.js';
export { type ErrorCode, IpvscopeError } from './error.js';
export type { LogFields, Logger, LogLevel } from './log.js';
export { type Monitor, type MonitorOptions, open } from './monitor/monitor.js';
export type { AttachRequest, AttachVariant } from './native/attachment.js';
export { type EndpointFilter, type EventFilter, protocolBits } from './native/event-filter.js';
export type { DelayCause, DropCause } from './record/cause.js';
export type { IpvsEvent } from './record/event.js';
export { defaultKinds } from './record/event-selection.js';
export {
  type ConntrackName,
  type ForwardingName,
  type KindName,
  kindNames,
  type VerdictName,
} from './record/value-names.js';
export type { AttachedProgram, SourceState, Watching } from './source/event-source.js';
export { parseEndpoint } from './trace/filter.js';
