import { addresses, serverName } from '../testbed/addresses.js';
import type { Testbed } from '../testbed/testbed.js';
import { Round, type RoundSettings } from './round.js';

const PORTS = 6;
const [oldServer] = addresses.ipv4.servers;

export interface RolloutPlan {
  readonly scenario: string;
  readonly settings: RoundSettings;
  /** Connects of every port before the rollout (default: 3). */
  readonly before?: number;
  /** How long a client waits (default: see `ConnectOptions`). */
  readonly timeoutMs?: number;
}

/** A rollout up to the moment at which the old server is gone. */
export interface RolledOut {
  readonly round: Round;
  /** The clients' ports. */
  readonly ports: readonly number[];
}

/**
 * Plays a rollout: six clients connect, each from its own port; one server gets weight 0, and the
 * same ports connect twice; the server is gone.
 */
export async function playRollout(
  testbed: Testbed,
  { scenario, settings, before = 3, ...options }: RolloutPlan,
): Promise<RolledOut> {
  const round = await Round.start(testbed, scenario, settings);
  const ports = testbed.freshPorts(PORTS);
  const server = serverName(oldServer);

  round.phase('before', 'two servers, weight 1 each');
  for (let i = 0; i < before; i++) await round.connectAll(ports, options);

  await round.setWeight(server, 0);
  round.phase('draining', `${server} has weight 0`);
  for (let i = 0; i < 2; i++) await round.connectAll(ports, options);

  await round.stop(server);
  round.phase('stopped', `${server} is gone, the table still has it with weight 0`);
  return { round, ports };
}
