import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PrefixTable } from '#bgp/rib/prefix-table.ts';
import { formatPrefix, parsePrefix } from '#net/prefix.ts';
import { decodeEntry, encodeEntry } from '#rpc/entry-codec.ts';
import { unwrap } from '#runtime/result.ts';
import { limits } from '../limits.ts';
import { parseConfig, readConfigFile } from './config-file.ts';
import { RoutesFile } from './routes-file.ts';

const minimal = `
asn: 64512
routerId: 192.0.2.1
peers:
  - address: 192.0.2.254
    peerASN: 64500
`;

const full = `
node: edge-1
asn: 64512
routerId: 192.0.2.1
peers:
  - name: tor-a
    address: 2001:DB8::FE
    port: 1790
    peerASN: 64512
    families: [IPv6, IPv4, IPv6]
    holdTimeSeconds: 0
    connectRetrySeconds: 2
    sourceAddress: 2001:db8::1
    nextHop: {ipv4: 192.0.2.1, ipv6: 2001:db8::1}
  - address: 192.0.2.254
    peerASN: 64500
    multihopTTL: 2
routes:
  - prefix: 192.0.2.53/32
    attributes:
      communities: [no-export, "64500:2", "64500:1", "64500:2"]
      largeCommunities: ["64500:2:1", "64500:1:2", "64500:1:1", "64500:1:2"]
      med: 10
      localPref: 200
      prepend: 3
  - prefix: 2001:db8:53::/48
routesFile: more.txt
`;

let folder: string;
let prefixes: PrefixTable;
beforeEach(() => {
  prefixes = new PrefixTable();
});
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anycast-config-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(yaml: string, routes?: string) {
  await writeFile(join(folder, 'config.yaml'), yaml);
  if (routes !== undefined) await writeFile(join(folder, 'more.txt'), routes);
  return readConfigFile(join(folder, 'config.yaml'), prefixes);
}

describe('a configuration file', () => {
  it('needs little', async () => {
    const { entries, node } = unwrap(await read(minimal));
    expect(node).toBeUndefined();
    expect(entries).toEqual([
      { kind: 'node', routerId: '192.0.2.1' },
      {
        kind: 'peer',
        name: '192.0.2.254',
        address: '192.0.2.254',
        port: 179,
        localAsn: 64_512,
        peerAsn: 64_500,
        families: ['IPv4'],
        holdTimeMs: 9_000,
        connectRetryMs: 5_000,
      },
    ]);
  });

  it('can say everything, and its routes come with those of its file of routes', async () => {
    const { entries, node, listed } = unwrap(await read(full, '# ours\n198.51.100.0/24   # web\r\n\n2001:db8:80::/48\n'));
    expect(Array.from(listed, (handle) => formatPrefix(prefixes.prefixOf(handle)))).toEqual(['198.51.100.0/24', '2001:db8:80::/48']);
    expect(prefixes.size).toBe(2);
    expect(node).toBe('edge-1');
    expect(entries.slice(1)).toEqual([
      {
        kind: 'peer',
        name: 'tor-a',
        address: '2001:db8::fe',
        port: 1790,
        localAsn: 64_512,
        peerAsn: 64_512,
        families: ['IPv4', 'IPv6'],
        holdTimeMs: 0,
        connectRetryMs: 2_000,
        sourceAddress: '2001:db8::1',
        nextHopIpv4: '192.0.2.1',
        nextHopIpv6: '2001:db8::1',
      },
      expect.objectContaining({ name: '192.0.2.254', families: ['IPv4'], multihopTtl: 2 }),
      expect.objectContaining({
        prefix: '192.0.2.53/32',
        gate: { mode: 'Delay', announceDelayMs: 0 },
        exports: [
          {
            peers: ['192.0.2.254', 'tor-a'],
            attributes: {
              communities: [64_500 * 0x10000 + 1, 64_500 * 0x10000 + 2, 0xffffff01],
              largeCommunities: [
                [64_500, 1, 1],
                [64_500, 1, 2],
                [64_500, 2, 1],
              ],
              med: 10,
              localPref: 200,
              prepend: 3,
            },
          },
        ],
      }),
      expect.objectContaining({ prefix: '2001:db8:53::/48', exports: [expect.objectContaining({ peers: ['tor-a'] })] }),
    ]);
  });

  it('may list more routes than a piece of the file holds, in its order', async () => {
    const texts = Array.from({ length: 20_000 }, (_, index) =>
      index % 3 === 0 ? `2001:db8::${index.toString(16)}/128` : `10.1.${index >> 8}.${index & 255}/32`,
    );
    const { listed } = unwrap(await read(full, texts.join('\n')));
    const expected = texts.map((text) => formatPrefix(unwrap(parsePrefix(text))));
    expect(Array.from(listed, (handle) => formatPrefix(prefixes.prefixOf(handle)))).toEqual(expected);
  });

  it('says only what the protocol allows', async () => {
    const { entries } = unwrap(await read(full, ''));
    for (const entry of entries) expect(unwrap(decodeEntry(encodeEntry(entry)))).toEqual(entry);
  });

  it('can ask of a session all that there is, with the key from a file', async () => {
    await writeFile(join(folder, 'key'), 'very secret\nsecond line\n');
    const session = `
asn: 64512
routerId: 192.0.2.1
peers:
  - address: 192.0.2.254
    peerASN: 64500
    ttlSecurityHops: 1
    passwordFile: key
    tcpAO: {keyID: 1, receiveKeyID: 2}
    vrf: blue
    passive: true
    gracefulRestart: {restartTimeSeconds: 20}
    role: Customer
    roleStrict: true
    localAS: {asn: 64511, replaceAS: true}
    extendedNextHop: true
    extendedMessages: false
    delayOpenSeconds: 3
    maxPrefixes: 10
    noLLGR: true
  - address: fe80::1
    interface: eth2
    peerASN: 64500
  - interface: eth3
    peerASN: 64500
`;
    const { entries } = unwrap(await read(session));
    const [, signed, linkLocal, unnumbered] = entries;
    expect(signed).toMatchObject({
      ttlSecurityHops: 1,
      password: 'very secret',
      tcpAo: { keyId: 1, receiveKeyId: 2, algorithm: 'HMAC-SHA-1-96' },
      vrf: 'blue',
      passive: true,
      gracefulRestart: { restartSeconds: 20, notification: false },
      role: 'Customer',
      roleStrict: true,
      localAs: { asn: 64_511, replaceAs: true },
      extendedNextHop: true,
      extendedMessages: false,
      delayOpenMs: 3_000,
      maxPrefixes: 10,
      noLlgr: true,
    });
    expect(linkLocal).toMatchObject({ name: 'fe80::1', interface: 'eth2', families: ['IPv6'] });
    expect(unnumbered).toMatchObject({ name: 'eth3', address: '', interface: 'eth3', families: ['IPv4', 'IPv6'] });
    for (const entry of entries) expect(unwrap(decodeEntry(encodeEntry(entry)))).toEqual(entry);

    await writeFile(join(folder, 'key'), `${'very secret'.repeat(9)}\n`);
    const refused = await read(session);
    expect(refused).toMatchObject({ error: expect.stringMatching(/the first line of key has 99 octets: 1 to 80 are allowed/) });
    expect(JSON.stringify(refused)).not.toContain('very secret');
    await rm(join(folder, 'key'));
    expect(await read(session)).toMatchObject({
      error: expect.stringMatching(
        /config\.yaml: peers\[0\]\.passwordFile: cannot read .*key: it does not exist; the password is the first line/,
      ),
    });
  });

  it.each([
    ['address: fe80::1, peerASN: 64500', /peers\[0\]\.interface is missing/],
    ['peerASN: 64500', /^.*peers\[0\]: names no router: give its address, or the interface/],
    [
      'address: 192.0.2.254, interface: eth2, peerASN: 64500',
      /peers\[0\]\.interface is "eth2": only a link-local address is on an interface/,
    ],
    ['interface: eth2, peerASN: 64500, multihopTTL: 2', /peers\[0\]\.interface is "eth2": excludes sourceAddress and multihopTTL/],
    [
      'interface: eth2, peerASN: 1}, {interface: eth2, name: b, peerASN: 1',
      /peers\[1\]\.interface is "eth2": is the interface of the unnumbered peer peers\[0\] already/,
    ],
    ['address: 192.0.2.254, peerASN: 64500, ttlSecurityHops: 1, multihopTTL: 2', /ttlSecurityHops is 1: excludes multihopTTL/],
    ['address: 192.0.2.254, peerASN: 64500, tcpAO: {keyID: 1, receiveKeyID: 1}', /peers\[0\]\.passwordFile is missing/],
    ['address: 192.0.2.254, peerASN: 64500, vrf: a b', /vrf is "a b": a name of 1 to 15 characters/],
  ])('says what of a session does not fit together: %s', async (peer, message) => {
    const refused = await read(`asn: 64512\nrouterId: 192.0.2.1\npeers: [{${peer}}]\n`);
    expect(refused).toMatchObject({ error: expect.stringMatching(message) });
  });

  it('may have a route that no peer carries', async () => {
    const { entries } = unwrap(await read(`${minimal}routes: [{prefix: "2001:db8::/48"}]`));
    expect(entries.at(-1)).toMatchObject({ prefix: '2001:db8::/48', exports: [] });
  });
});

describe('a configuration file that can not be used', () => {
  it.each([
    ['asn: [', /^not YAML: .*line 1/],
    ['- a list', /^the file: .*object/],
    ['', /^the file: .*object/],
    [minimal.replace('asn: 64512', 'asn: 0'), /^asn is 0: .*>=1/],
    [minimal.replace('    peerASN: 64500\n', ''), /^peers\[0\]\.peerASN is missing: /],
    [
      minimal.replace('peerASN', 'peerAsn'),
      /^peers\[0\]\.peerASN is missing: add it; peers\[0\] has no field "peerAsn": check the spelling, or remove it$/,
    ],
    [minimal.replace('peerASN: 64500', 'peerASN: many'), /^peers\[0\]\.peerASN is "many": .*number/],
    [minimal.replace('192.0.2.254', '192.0.2.300'), /^peers\[0\]\.address is "192.0.2.300": "192.0.2.300" is not an IP address$/],
    [minimal.replace('routerId: 192.0.2.1', 'routerId: 2001:db8::1'), /^routerId is "2001:db8::1": an IPv4 address is needed$/],
    [minimal.replace('routerId: 192.0.2.1', 'routerId: 0.0.0.0'), /^routerId is "0.0.0.0": 0.0.0.0 is no BGP Identifier$/],
    [`${minimal}    holdTimeSeconds: 2`, /^peers\[0\]\.holdTimeSeconds is 2: must be 0 or at least 3/],
    [`${minimal}    nextHop: {ipv6: 192.0.2.1}`, /^peers\[0\]\.nextHop\.ipv6 is "192.0.2.1": an IPv6 address is needed$/],
    [`${minimal}    password: secret`, /^peers\[0\] has no field "password": check the spelling, or remove it$/],
    [`${minimal}routes: [{prefix: 192.0.2.1/24}]`, /^routes\[0\]\.prefix is .*host bits set: did you mean 192.0.2.0\/24\?$/],
    [`${minimal}routes: [{prefix: 192.0.2.0/24, attributes: {communities: [x]}}]`, /^routes\[0\]\.attributes\.communities\[0\] is "x": /],
  ])('%j', (text, message) => {
    expect(parseConfig(text)).toMatchObject({ ok: false, error: expect.stringMatching(message) });
  });

  it('does not expand aliases without end', () => {
    const bomb = `a: &a [x]\n${[...'bcdefgh'].map((name, i) => `${name}: &${name} [${`*${'abcdefg'[i]},`.repeat(9)}]`).join('\n')}\n`;
    expect(parseConfig(bomb)).toMatchObject({ error: expect.stringMatching(/alias/) });
  });

  it('names the file and what stands there twice', async () => {
    const twice = `${minimal}routes: [{prefix: 192.0.2.0/24}, {prefix: 192.0.2.0/24}]`;
    expect(await read(twice)).toMatchObject({ error: expect.stringMatching(/config\.yaml: route 192\.0\.2\.0\/24 is there twice/) });
    const listed = await read(full, '192.0.2.53/32\n');
    expect(listed).toMatchObject({ error: expect.stringMatching(/config\.yaml: route 192\.0\.2\.53\/32 is there twice/) });
    const inFile = await read(full, '198.51.100.0/24\n203.0.113.0/24\n198.51.100.0/24\n');
    expect(inFile).toMatchObject({ error: expect.stringMatching(/more\.txt: line 3: route 198\.51\.100\.0\/24 is there twice/) });
    expect(prefixes.size).toBe(0);
  });

  it('has a file of routes without an end', async () => {
    const fifo = join(folder, 'fifo');
    execFileSync('mkfifo', [fifo]);
    const answer = await read(`${minimal}routesFile: fifo\n`);
    expect(answer).toEqual({ ok: false, error: expect.stringMatching(/routesFile fifo: .*fifo is no ordinary file: name one$/) });
  });

  it('has a file of routes that grew while it was read', () => {
    const file = new RoutesFile(prefixes, '10.0.0.0/8\n'.length);
    const lines = Buffer.from(Array.from({ length: 20 }, (_, index) => `10.0.0.${index}/32\n`).join(''));
    expect(file.takeLines(lines)).toEqual({ ok: false, error: expect.stringMatching(/^line \d+: the file grew while it was read/) });
    file.release();
    expect(prefixes.find(unwrap(parsePrefix('10.0.0.0/32')))).toBeUndefined();
    expect(prefixes.find(unwrap(parsePrefix('10.0.0.19/32')))).toBeUndefined();
  });

  it('names the line of the file of routes', async () => {
    const wrong = await read(full, '192.0.2.0/24\n\nnonsense\n');
    expect(wrong).toMatchObject({ error: expect.stringMatching(/more\.txt: line 3: "nonsense"/) });
    expect(prefixes.size).toBe(0);
  });

  it('reads no line without end', async () => {
    const endless = await read(full, `192.0.2.0/24\n#${'x'.repeat(limits.configLineBytes)}\n#${'x'.repeat(100_000)}`);
    expect(endless).toMatchObject({ error: expect.stringMatching(/more\.txt: line 3: longer than 4096 bytes/) });
    expect(prefixes.size).toBe(0);
  });

  it('reads no file without end', async () => {
    const huge = await read(`#${'x'.repeat(limits.configFileBytes)}`);
    expect(huge).toMatchObject({ error: expect.stringMatching(/config\.yaml: 67108865 bytes are more than the 67108864 that are read/) });
  });

  it('says which file can not be read', async () => {
    expect(await readConfigFile(join(folder, 'none.yaml'), prefixes)).toMatchObject({
      error: expect.stringMatching(/cannot read .*none\.yaml: it does not exist; name a readable file with --config$/),
    });
    await rm(join(folder, 'more.txt'), { force: true });
    expect(await read(full)).toMatchObject({
      error: expect.stringMatching(/config\.yaml: routesFile more\.txt: cannot read .*more\.txt: it does not exist$/),
    });
    expect(await readConfigFile(folder, prefixes)).toMatchObject({ error: expect.stringMatching(/cannot read .*: it is a folder; /) });
    expect(await readConfigFile('\0', prefixes)).toMatchObject({ error: expect.stringMatching(/cannot read .*null bytes/) });
  });
});
