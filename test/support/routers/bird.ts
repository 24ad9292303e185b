import { type BirdRoute, startBird } from '../bird.ts';
import { run } from '../processes.ts';
import {
  byPrefix,
  communityTexts,
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
};

function seen({ prefix, attributes }: BirdRoute): SeenRoute {
  const number = (name: string) => (attributes[name] === undefined ? null : Number(attributes[name]));
  return {
    prefix,
    nextHop: words(attributes['BGP.next_hop'])[0] ?? '',
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
