import { type BirdRoute, startBird } from '../bird.ts';
import { run } from '../processes.ts';
import {
  byPrefix,
  communityTexts,
  type Line,
  originOf,
  type RouterConfig,
  type RouterDriver,
  type RouterNeighbor,
  type SeenRoute,
  words,
} from './router.ts';
import { shared } from './shared.ts';

/** BIRD 2. */
export const bird: RouterDriver = {
  name: 'BIRD',
  // It answers on stderr.
  version: async () => (await run(['sh', '-c', 'bird --version 2>&1'])).match(/version (\d+(\.\d+)*)/)?.[1] ?? '',
  start: async (scope, namespace, config) => {
    const router = await startBird(scope, namespace, configFile(namespace.ipv4, config));
    const { process, birdc } = router;
    const protocol = ({ address }: RouterNeighbor) => `speaker${config.neighbors.findIndex((each) => each.address === address)}`;
    const protocols = shared(() => birdc('show protocols'));
    const routes = shared(() => router.routes());
    return {
      process,
      established: async (neighbor) => new RegExp(`^${protocol(neighbor)} .*Established`, 'm').test(await protocols()),
      routes: async (neighbor) => byPrefix((await routes()).filter((route) => route.protocol === protocol(neighbor)).map(seen)),
      count: async (neighbor) => {
        const shown = await birdc(`show route count protocol ${protocol(neighbor)}`);
        return [...shown.matchAll(/^(\d+) of \d+ routes for/gm)].reduce((sum, [, count]) => sum + Number(count), 0);
      },
      refresh: async (neighbor) => {
        await birdc(`reload in ${protocol(neighbor)}`);
      },
      shutdown: async (neighbor, text) => {
        await birdc(`disable ${protocol(neighbor)} "${text}"`);
      },
      enable: async (neighbor) => {
        await birdc(`enable ${protocol(neighbor)}`);
      },
      freeze: () => process.freeze(),
      thaw: () => process.thaw(),
    };
  },
  startUnnumbered: async (scope, namespace, asn, lines) => {
    const { process, birdc, routes } = await startBird(scope, namespace, unnumberedFile(namespace.ipv4, asn, lines));
    return {
      process,
      established: async ({ device }) => new RegExp(`^${device}_\\d+ .*Established`, 'm').test(await birdc('show protocols')),
      routes: async ({ device }) => byPrefix((await routes()).filter(({ protocol }) => protocol.startsWith(`${device}_`)).map(seen)),
    };
  },
};

/** A session of its own for each address that connects on the line. */
const unnumberedFile = (routerId: string, asn: number, lines: readonly Line[]) => `
router id ${routerId};
protocol device { scan time 1; }
protocol kernel { ipv4 { import none; export all; }; }
protocol kernel { ipv6 { import none; export all; }; }
protocol radv { ${lines.map(({ device }) => `interface "${device}" { max ra interval 5; min ra interval 3; default lifetime 0; };`).join(' ')} }
${lines
  .map(
    ({ device, asn: speaker }) => `protocol bgp ${device} {
  local as ${asn}; neighbor range fe80::/10 as ${speaker}; interface "${device}"; dynamic name "${device}_"; hold time 9;
  ipv4 { import all; export none; extended next hop; };
  ipv6 { import all; export none; };
}`,
  )
  .join('\n')}
`;

function seen({ prefix, attributes }: BirdRoute): SeenRoute {
  const number = (name: string) => (attributes[name] === undefined ? null : Number(attributes[name]));
  return {
    prefix,
    // Without a global next hop it shows the unspecified address before the link-local one.
    nextHop: words(attributes['BGP.next_hop']).find((word) => word !== '::') ?? '',
    origin: originOf(attributes['BGP.origin'] ?? ''),
    asPath: words(attributes['BGP.as_path']).map(Number),
    med: number('BGP.med'),
    localPref: number('BGP.local_pref'),
    communities: communityTexts(words(attributes['BGP.community'])),
    largeCommunities: communityTexts((attributes['BGP.large_community'] ?? '').match(/\([^)]*\)/g) ?? []),
  };
}

/** GRACEFUL_SHUTDOWN is a matter of the filter in BIRD; this is the one of RFC 8326's appendix. */
const configFile = (routerId: string, { asn, neighbors }: RouterConfig) => `
router id ${routerId};
protocol device {}
filter graceful_shutdown { if (65535, 0) ~ bgp_community then bgp_local_pref = 0; accept; }
template bgp speaker {
  local as ${asn}; hold time 9;
  connect retry time 1; connect delay time 1; error wait time 1, 1;
}
${neighbors.map(protocolText).join('\n')}
`;

function protocolText({ address, asn, dials, password, ttlSecurity }: RouterNeighbor, index: number): string {
  const options = [
    `neighbor ${address} as ${asn}`,
    ...(dials ? [] : ['passive']),
    ...(password === undefined ? [] : [`password "${password}"`]),
    ...(ttlSecurity ? ['ttl security on'] : []),
    ...['ipv4', 'ipv6'].map((family) => `${family} { import filter graceful_shutdown; export none; }`),
  ];
  return `protocol bgp speaker${index} from speaker { ${options.join('; ')}; }`;
}
