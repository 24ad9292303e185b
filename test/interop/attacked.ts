import type { AnycastSpeaker, SpeakerFile } from '../support/anycast-speaker.ts';
import type { Bird } from '../support/bird.ts';
import type { Namespace } from '../support/netns.ts';

export const frrAsn = 65_001;
export const birdAsn = 65_002;
const speakerAsn = 64_512;
const named = ['192.0.2.1/32', '192.0.2.2/32'];

/** Routes that the speaker announces beside the many. */
export const namedRoutes = named.length;

/** Different prefixes of 10.0.0.0/8. */
export const manyPrefixes = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}/32`);

/** A speaker's file: it dials its routers each second, and announces {@link namedRoutes} and many. */
export const speakerFile = (node: Namespace, peers: SpeakerFile['peers'], many: readonly string[] = []): SpeakerFile => ({
  asn: speakerAsn,
  routerId: node.ipv4,
  peers: peers.map((peer) => ({ connectRetrySeconds: 1, ...peer })),
  routes: named.map((prefix) => ({ prefix })),
  many,
});

/** FRR that dials the speaker each second. */
export const frrConfig = (self: Namespace, node: Namespace): string => `
router bgp ${frrAsn}
 bgp router-id ${self.ipv4}
 no bgp ebgp-requires-policy
 neighbor ${node.ipv4} remote-as ${speakerAsn}
 neighbor ${node.ipv4} timers 3 9
 neighbor ${node.ipv4} timers connect 1
`;

/** BIRD that dials the speaker each second. */
export const birdConfig = (self: Namespace, node: Namespace): string => `
router id ${self.ipv4};
protocol device {}
protocol bgp speaker {
  local as ${birdAsn}; neighbor ${node.ipv4} as ${speakerAsn}; hold time 60;
  connect retry time 1; connect delay time 1; error wait time 1, 1;
  ipv4 { import all; export none; };
}
`;

/** How many routes BIRD has. */
export async function birdHas(bird: Bird): Promise<number> {
  const shown = await bird.birdc('show route count');
  return Number(shown.match(/^(\d+) of \d+ routes for \d+ networks in table master4/m)?.[1] ?? Number.NaN);
}

/** How many sessions of the speaker are up. */
export const established = async (speaker: AnycastSpeaker): Promise<number> =>
  Object.values(await speaker.sessions()).filter(({ state }) => state === 'Established').length;
