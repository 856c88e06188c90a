/**
 * One way to live with a session and to leave it, in a process of its own: `node … MODE`. Prints one
 * line of JSON, the ids of its BPF programs and maps, once the session is open and watched.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Session } from '../../src/native/session.js';

/** Ids of what this process holds in the kernel. */
function held(): { programs: number[]; maps: number[] } {
  const programs: number[] = [];
  const maps: number[] = [];
  for (const descriptor of readdirSync('/proc/self/fd')) {
    let info = '';
    try {
      if (!readlinkSync(`/proc/self/fd/${descriptor}`).includes('bpf')) continue;
      info = readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8');
    } catch {
      continue; // closed since the listing: the listing's own
    }
    const program = /^prog_id:\s*(\d+)/m.exec(info)?.[1];
    const map = /^map_id:\s*(\d+)/m.exec(info)?.[1];
    if (program !== undefined) programs.push(Number(program));
    if (map !== undefined) maps.push(Number(map));
  }
  return { programs, maps };
}

function report(): void {
  process.stdout.write(`${JSON.stringify(held())}\n`);
}

function openAndWatch(onBatch: (session: Session) => void): Session {
  const session = new Session({ generator: true });
  session.open();
  session.start(() => {
    onBatch(session);
    return undefined;
  });
  return session;
}

/** In a worker: opens, watches, tells the main thread, and ends as told once it may go on. */
function work(end: string): void {
  const session = openAndWatch(() => {
    if (end === 'throws') throw new Error('thrown in the callback');
    if (end === 'exits') process.exit(0);
    if (end === 'closes') session.close();
  });
  parentPort?.once('message', () => session.generate(0, 10, 1));
  parentPort?.postMessage('open');
}

/** Starts a worker, reports what it holds, and lets it run to its end. */
function startWorker(end: string): Worker {
  const worker = new Worker(new URL(import.meta.url), { workerData: end });
  worker.on('message', () => {
    report();
    worker.postMessage('go on');
  });
  return worker.on('exit', () => {
    if (held().programs.length > 0 || held().maps.length > 0) process.exitCode = 9;
  });
}

const modes: Readonly<Record<string, () => void>> = {
  'close-twice': () => {
    const session = openAndWatch(() => {});
    report();
    session.close();
    session.close();
  },
  'close-in-callback': () => {
    const session = openAndWatch((open) => open.close());
    report();
    session.generate(0, 10, 1);
  },
  'exit-while-watching': () => {
    openAndWatch(() => {});
    report();
    process.exit(0);
  },
  'exit-in-callback': () => {
    const session = openAndWatch(() => process.exit(0));
    report();
    session.generate(0, 10, 1);
  },
  'throw-in-callback': () => {
    const session = openAndWatch(() => {
      throw new Error('thrown in the callback');
    });
    report();
    session.generate(0, 10, 1);
  },
  'wait-for-kill': () => {
    openAndWatch(() => {});
    report();
  },
  'never-watched': () => {
    const session = new Session({ generator: true });
    session.open();
    report();
  },
  'worker-terminated': () => {
    const worker = startWorker('waits');
    worker.on('message', () => void worker.terminate());
  },
  'worker-exits': () => {
    startWorker('exits');
  },
  'worker-throws': () => {
    startWorker('throws').on('error', (error) => {
      if (error.message !== 'thrown in the callback') process.exitCode = 8;
    });
  },
  'worker-closes': () => {
    startWorker('closes');
  },
  'garbage-collected': () => {
    let session: Session | undefined = new Session({ generator: true });
    session.open();
    report();
    session = undefined;
    setImmediate(() => {
      global.gc?.();
      setImmediate(() => {
        if (held().programs.length > 0) process.exitCode = 9;
      });
    });
  },
};

if (isMainThread) {
  modes[process.argv[2] ?? '']?.();
} else {
  work(String(workerData));
}
