/** Bounds of the policy room. */
export const limits = {
  /** Octets of all communities of one route: with them an UPDATE still has room for prefixes in a message of 4,096 octets. */
  communityOctets: 3_072,
  /** LOCAL_PREF on iBGP where none is configured, as routers have it. */
  defaultLocalPref: 100,
} as const;
