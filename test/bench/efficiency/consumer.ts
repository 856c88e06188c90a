import type { Totals } from '../totals.js';
import { AggregatedConsumer } from './aggregated-consumer.js';
import { BatchConsumer } from './batch-consumer.js';
import { CallbackConsumer } from './callback-consumer.js';
import { EventConsumer } from './event-consumer.js';
import { PromClientConsumer } from './prom-client-consumer.js';

/** What a row of the benchmark does with the ring. */
export interface Consumer {
  /** Makes records, numbered from `first` on. */
  fill(first: number, records: number): void;
  /** Takes everything there is; returns how many records that were. This is timed. */
  consume(): number;
  /** How many they have to be after a fill. */
  expect(records: number): number;
  totals(): Totals | Promise<Totals>;
  close(): void;
}

/** By the name that the driver starts the peer with; `argument` is what it was given besides. */
export const consumers: Readonly<Record<string, (argument: string) => Consumer>> = {
  batch: () => new BatchConsumer(),
  aggregated: () => new AggregatedConsumer(),
  'prom-client': () => new PromClientConsumer(),
  event: () => new EventConsumer(),
  callback: (addon) => new CallbackConsumer(addon),
};
