import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import { CertificateFiles, type CertificatePair, ServerIdentity } from './credentials.ts';
import { limits } from './limits.ts';
import { makeCertificate } from './testing/certificates.ts';

let first: CertificatePair;
let second: CertificatePair;
beforeAll(() => {
  first = makeCertificate('operator.test');
  second = makeCertificate('operator.test');
});

describe('the identity of a server', () => {
  it('takes a pair that belongs together and says when it expires', () => {
    const identity = new ServerIdentity();
    expect(identity.expiresWallMs).toBeUndefined();
    expect(identity.update(first)).toEqual({ ok: true, value: undefined });
    expect(identity.expiresWallMs).toBeGreaterThan(Date.now());
  });

  it('refuses a pair that does not belong together', () => {
    const mixed = { certificate: first.certificate, privateKey: second.privateKey };
    expect(new ServerIdentity().update(mixed)).toEqual({ ok: false, error: 'the private key does not belong to the certificate' });
  });

  it('refuses what is no PEM', () => {
    expect(new ServerIdentity().update({ certificate: '', privateKey: '' })).toMatchObject({
      ok: false,
      error: expect.stringContaining('not a PEM certificate with its PEM private key'),
    });
  });
});

describe('certificate files', () => {
  let directory: string;
  let certificateFile: string;
  let keyFile: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'anycast-credentials-'));
    certificateFile = join(directory, 'tls.crt');
    keyFile = join(directory, 'tls.key');
    await write(first);
  });
  afterEach(() => rm(directory, { recursive: true }));

  async function write(pair: CertificatePair): Promise<void> {
    await writeFile(certificateFile, pair.certificate);
    await writeFile(keyFile, pair.privateKey);
  }

  function watch() {
    const clock = new VirtualClock();
    const problems: string[] = [];
    const files = new CertificateFiles({ certificateFile, keyFile, clock, onProblem: (problem) => problems.push(problem) });
    const update = vi.spyOn(files.identity, 'update');
    /** Lets one look at the files happen, and waits until the next one is set. */
    const look = async (): Promise<void> => {
      clock.advance(limits.certificatePollMs);
      await vi.waitFor(() => expect(clock.pendingTimers).toBe(1), { timeout: 5_000 });
    };
    return { clock, problems, files, update, look };
  }

  it('that can not be read at the start are an error that names the file', async () => {
    await rm(keyFile);
    const { files, clock } = watch();
    expect(await files.start()).toMatchObject({ ok: false, error: expect.stringContaining(keyFile) });
    expect(clock.pendingTimers).toBe(0);
  });

  it('that were replaced are taken at the next look', async () => {
    const { files, look, update, problems } = watch();
    await files.start();
    await write(second);
    await look();
    expect(update).toHaveBeenLastCalledWith(second);
    expect(update).toHaveLastReturnedWith({ ok: true, value: undefined });
    expect(problems).toEqual([]);
    files.stop();
  });

  it('that were caught half replaced leave the last good pair, are named once, and are taken when they are whole', async () => {
    const { files, look, problems, update } = watch();
    await files.start();
    const expires = files.identity.expiresWallMs;
    await writeFile(keyFile, second.privateKey);
    await look();
    await look();
    expect(problems).toEqual([`${certificateFile} and ${keyFile}: the private key does not belong to the certificate`]);
    expect(files.identity.expiresWallMs).toBe(expires);
    await write(second);
    await look();
    expect(update).toHaveLastReturnedWith({ ok: true, value: undefined });
    files.stop();
  });

  it('are not looked at any more after stop', async () => {
    const { files, clock } = watch();
    await files.start();
    files.stop();
    expect(clock.pendingTimers).toBe(0);
  });
});
