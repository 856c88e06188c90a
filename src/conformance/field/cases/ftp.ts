import { setForwarding } from '../../../testbed/director.js';
import type { FetchRequest } from '../../../testbed/peer-ftp.js';
import { seriesOf } from '../../../verify/metrics-text.js';
import { type FieldCase, Seen } from '../field-case.js';
import { R1, syns, VIP, vip } from '../hosts.js';

const FTP = 21;
const MODULE = './peer-ftp.js';

/** Data connections meet entries that ip_vs_ftp made for them: no port is reused. */
export const ftpCases: readonly FieldCase[] = [
  {
    name: 'passive-ftp',
    report: 'alibaba/LVS#17',
    input:
      'ip_vs_ftp, a service on port 21, two passive transfers, weight 0, two more by the same control connection',
    needs: [{ module: 'ip_vs_ftp', reason: 'this kernel has no ip_vs_ftp' }],
    async play(ground) {
      const [server, client] = await Promise.all([
        ground.hire('rs1', MODULE, ['server', R1.address, String(FTP)]),
        ground.hire('client', MODULE, ['client']),
      ]);
      ground.undo('the FTP server and its client', () =>
        Promise.all([server, client].map((peer) => peer.close(undefined))),
      );
      ground.virtualPort(FTP);
      ground.undo('conntrack', () => setForwarding(false));
      await setForwarding(true);
      const destination = `${R1.address}:${FTP}`;
      await ground.ipvsadm(
        `-A -t ${vip(FTP)} -s rr`,
        `-a -t ${vip(FTP)} -r ${destination} -m -w 1`,
      );
      const fetch = async (quit: boolean): Promise<readonly string[]> => {
        const request: FetchRequest = { op: 'fetch', host: VIP, port: FTP, files: 2, quit };
        const places = (await client.request(request)) as readonly string[];
        for (const place of places) ground.virtualPort(Number(place.split(':')[1]));
        return places;
      };
      const places = await fetch(false);
      await ground.ipvsadm(`-e -t ${vip(FTP)} -r ${destination} -m -w 0`);
      const later = await fetch(true);
      const passed = await ground.passed();
      const all = [...places, ...later];
      const onward = all.flatMap((place) =>
        syns(passed.rs1, `${R1.address}:${place.split(':')[1]}`),
      );
      ground.watcher.flush();
      const alerts = seriesOf(
        await ground.watcher.metrics(),
        'ipvs_new_connections_to_draining_total',
        { remote_address: R1.address, local_address: VIP },
      ).filter(
        ({ labels, value }) =>
          value > 0 &&
          ['21', '0', ...all.map((one) => one.split(':')[1])].includes(labels.local_port),
      );
      return {
        seen: new Seen()
          .count(new Set(all).size, 'ports, each used once', 4)
          .count(onward.length, 'SYN of data connections to the server', 4),
        events: [],
        byDefault: true,
        findings: [
          {
            text: `${alerts.length} series of new connections to a draining server`,
            ...(alerts.length === 0 ? {} : { wrong: '0' }),
          },
        ],
      };
    },
  },
];
