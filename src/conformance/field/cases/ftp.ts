import { seriesOf } from '../../../verify/metrics-text.js';
import { type FieldCase, GroundTruth } from '../field-case.js';
import { R1, syns, VIP, vip } from '../hosts.js';

const FTP = 21;

/** Data connections meet entries that ip_vs_ftp made for them: no port is reused. */
export const ftpCases: readonly FieldCase[] = [
  {
    name: 'passive-ftp',
    report: 'alibaba/LVS#17',
    input:
      'ip_vs_ftp, a service on port 21, two passive transfers, weight 0, two more by the same control connection',
    needs: [{ module: 'ip_vs_ftp', reason: 'this kernel has no ip_vs_ftp' }],
    async play(context) {
      const { director } = context.testbed;
      const [server, client] = await Promise.all([
        context.testbed.spawn({ role: 'rs1', kind: 'ftp-server', args: [R1.address, String(FTP)] }),
        context.testbed.spawn({ role: 'client', kind: 'ftp-client' }),
      ]);
      context.undo('the FTP server and its client', () =>
        Promise.all([server.close(undefined), client.close(undefined)]),
      );
      context.virtualPort(FTP);
      context.undo('conntrack', () => director.setForwarding(false));
      await director.setForwarding(true);
      const destination = `${R1.address}:${FTP}`;
      await context.ipvsadm(
        `-A -t ${vip(FTP)} -s rr`,
        `-a -t ${vip(FTP)} -r ${destination} -m -w 1`,
      );
      const fetch = async (quit: boolean): Promise<readonly string[]> => {
        const request = { host: VIP, port: FTP, files: 2, quit };
        const places = await client.request('fetch', request);
        for (const place of places) context.virtualPort(Number(place.split(':')[1]));
        return places;
      };
      const places = await fetch(false);
      await context.ipvsadm(`-e -t ${vip(FTP)} -r ${destination} -m -w 0`);
      const later = await fetch(true);
      const passed = await context.passed();
      const all = [...places, ...later];
      const onward = all.flatMap((place) =>
        syns(passed.rs1, `${R1.address}:${place.split(':')[1]}`),
      );
      context.recorder.flush();
      const alerts = seriesOf(
        await context.recorder.metrics(),
        'ipvs_new_connections_to_draining_total',
        { remote_address: R1.address, local_address: VIP },
      ).filter(
        ({ labels, value }) =>
          value > 0 &&
          ['21', '0', ...all.map((one) => one.split(':')[1])].includes(labels.local_port),
      );
      return {
        seen: new GroundTruth()
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
