import { z } from 'zod';
import { statusFields } from './conditions.ts';
import { ageColumn, conditionColumn, defineKind, messageColumn, reasonColumn } from './kind.ts';
import { limits } from './limits.ts';
import { parserOf } from './parse.ts';
import { community, int32, largeCommunity, list, uint32 } from './schema.ts';
import { selecting } from './selector.ts';

const attributes = z.object({
  communities: list(community, 'set', { max: limits.communities })
    .prefault([])
    .describe('Communities (RFC 1997), such as 64500:100, or by name, such as no-export. Default: none.'),
  largeCommunities: list(largeCommunity, 'set', { max: limits.communities })
    .prefault([])
    .describe('Large communities (RFC 8092), such as 64500:1:2. Default: none.'),
  med: uint32.exactOptional().describe('MULTI_EXIT_DISC, 0 to 4294967295; routers prefer the lowest. Default: not sent.'),
  localPref: uint32
    .exactOptional()
    .describe('LOCAL_PREF, 0 to 4294967295; routers prefer the highest. Sent on iBGP sessions only, where the default is 100.'),
  prepend: int32(0, limits.prepend)
    .default(0)
    .describe(
      'How many extra times our AS stands in AS_PATH, 0 to 16; routers prefer short paths. For eBGP only: an iBGP peer would drop the route as a loop, so it is not announced there. Default 0.',
    ),
});

const spec = z.object({
  poolSelector: selecting("Which AnycastPools' addresses are announced"),
  namespaceSelector: selecting("Which namespaces' Services are announced"),
  serviceSelector: selecting('Which Services are announced'),
  nodeSelector: selecting('Which Nodes announce'),
  peerSelector: selecting('To which AnycastPeers they are announced'),
  attributes: attributes
    .prefault({})
    .describe(
      'BGP attributes of the routes. Where several AnycastAdvertisements match a route and a peer, their communities are united, and of med, localPref and a prepend above 0 the oldest that sets them counts.',
    ),
});

const status = z.object(statusFields('Accepted: the spec can be followed. Ready: it is in force on all nodes that it selects.'));

export const anycastAdvertisement = defineKind({
  kind: 'AnycastAdvertisement',
  plural: 'anycastadvertisements',
  shortName: 'acadv',
  namespaced: false,
  description:
    'An AnycastAdvertisement says which addresses are announced, for which Services, by which nodes, to which peers, with which attributes. All selectors must match; an empty spec announces everything to everybody. Without an AnycastAdvertisement nothing is announced.',
  spec: spec.describe('What is wanted.'),
  status: status.describe('What is so, as the operator sees it.'),
  columns: [
    conditionColumn('Accepted', 'Whether it can be followed.'),
    conditionColumn('Ready', 'Whether it is in force.'),
    reasonColumn,
    ageColumn,
    messageColumn,
  ],
});

export type AnycastAdvertisementSpec = z.output<typeof spec>;
export type AnycastAdvertisementStatus = z.output<typeof status>;

/** Reads an AnycastAdvertisement. */
export const parseAnycastAdvertisement = parserOf(anycastAdvertisement);
