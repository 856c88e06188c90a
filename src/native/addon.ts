import { accessSync, constants } from 'node:fs';
import { createRequire } from 'node:module';
import bindings from 'bindings';
import { IpvscopeError } from '../error.js';
import { packagePath } from '../package-root.js';
import { LAYOUT_FINGERPRINT } from '../record/layout.generated.js';
import type { EventFilter } from './event-filter.js';

/** What native/addon/module/module.cc exports. Arguments are checked on this side. */
export interface Addon {
  readonly layout: LayoutDescription;
  /** The probe, an ELF object. */
  readonly object: Uint8Array;
  /** Version of the libbpf that it was built with, such as `1.5`. */
  readonly libbpf: string;
  /** Names of enum skb_drop_reason of the running kernel, by value; '' for one without a name. */
  dropReasons(): readonly string[];
  /** Rejects with an error whose `code` is the system's. */
  readInNamespace(namespace: string, name: string): Promise<Uint8Array>;
  readonly Session: new (buffer: Uint8Array) => NativeSession;
}

export interface LayoutDescription {
  readonly fingerprint: string;
  /** Bytes of one record. */
  readonly size: number;
  readonly members: readonly LayoutMember[];
  readonly enums: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export interface LayoutMember {
  readonly name: string;
  /** Bytes from the record's start. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
  readonly signed: boolean;
  readonly array: boolean;
  /** Network byte order. */
  readonly bigEndian: boolean;
}

/** Session::Config in native/addon/session/session.h; whole numbers. */
export interface SessionConfig {
  readonly ringBytes: number;
  /** Kinds that are delivered per event, as bits; see enum ipvscope_detail. */
  readonly detail: number;
  /** Capacity of the map of virtual services. */
  readonly services: number;
  /** enum ipvscope_variant. */
  readonly variant: number;
  /** A BTF file; empty: the kernel's own BTF. */
  readonly types: string;
  readonly verifierLog: boolean;
  readonly keyIdleMs: number;
  readonly settled: boolean;
  readonly batches: boolean;
  readonly filter: EventFilter;
}

/** Session in native/addon/module/session_object.h; documented at `Session` (session.ts). */
export interface NativeSession {
  open(config: SessionConfig): void;
  start(onWake: () => void): void;
  drain(): number;
  rearm(): boolean;
  readAggregates(): number;
  hasAggregates(): boolean;
  programs(): ProgramState[];
  losses(): number[];
  /** Takes struct ipvscope_service_key, packed; returns how many found no room. */
  setServices(keys: Uint8Array): number;
  kernelMemory(): number;
  beat(): boolean;
  generate(first: number, count: number, keys: number): void;
  detach(): void;
  close(): void;
}

/** One BPF program in the kernel. */
export interface ProgramState {
  readonly name: string;
  /** Its id in the kernel, by which another process finds it. */
  readonly id: number;
  /** The kernel function it is attached to. */
  readonly function: string;
  readonly variant: string;
  readonly attached: boolean;
  /**
   * Runs that the kernel skipped because the program was running on that CPU already; absent where
   * it does not count them (kprobes, before 6.7).
   */
  readonly skippedRuns?: number;
  /** Instructions that the verifier processed; 0 where the kernel does not report it (before 5.16). */
  readonly verifiedInstructions: number;
  /** The verifier's statistics; empty unless asked for. */
  readonly verifierLog: string;
}

const ADDON = packagePath('build/Release/ipvscope.node');

/** The addon as built, whatever its layout. For the layout generator. */
export function loadUncheckedAddon(path = ADDON): Addon {
  try {
    accessSync(path, constants.R_OK);
    return (path === ADDON ? bindings('ipvscope') : createRequire(import.meta.url)(path)) as Addon;
  } catch (cause) {
    const { code, message = '' } = cause as NodeJS.ErrnoException;
    const reasons: Readonly<Record<string, string>> = {
      ENOENT: 'there is no such file',
      EACCES: 'this user may not read it',
    };
    // Of the dynamic linker: it names the library that it does not find.
    const reason = reasons[code ?? ''] ?? message.split('\n')[0] ?? '';
    throw new IpvscopeError('ERR_ADDON_LOAD', `the addon ${path} cannot be loaded: ${reason}`, {
      hint:
        code === 'EACCES'
          ? 'make the file readable, and every directory above it'
          : `build it with: npm --prefix ${packagePath()} run build:native`,
      cause,
    });
  }
}

/** The addon, refused when its records are not laid out as the decoder was generated for. */
export function loadAddon(): Addon {
  const addon = loadUncheckedAddon();
  if (addon.layout.fingerprint !== LAYOUT_FINGERPRINT) {
    throw new IpvscopeError(
      'ERR_LAYOUT',
      `the addon's record layout is ${addon.layout.fingerprint}, the decoder's ${LAYOUT_FINGERPRINT}`,
      { hint: 'build both from one source with: npm run build' },
    );
  }
  return addon;
}

/** Reads /proc/net/<name> inside the network namespace that is mounted at the path. */
export const readInNamespace = async (namespace: string, name: string): Promise<Uint8Array> =>
  loadAddon().readInNamespace(namespace, name);
