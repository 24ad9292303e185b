import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { experimental, type ServerCredentials } from '@grpc/grpc-js';
import type { Clock, Timer } from '#runtime/clock.ts';
import { err, ok, type Result } from '#runtime/result.ts';
import { limits } from './limits.ts';

/** A certificate (with its chain) and its private key, PEM. */
export type CertificatePair = { readonly certificate: string; readonly privateKey: string };

type Listener = experimental.IdentityCertificateUpdateListener;

/**
 * What the server shows to speakers. A new pair takes effect for connections from then on; the ones that are open stay. A pair
 * that does not belong together is refused and the last good one stays.
 */
export class ServerIdentity {
  readonly #listeners = new Set<Listener>();
  #current: { readonly certificate: Buffer; readonly privateKey: Buffer; readonly expiresWallMs: number } | undefined;

  /** Checks a pair and uses it from now on. */
  update(pair: CertificatePair): Result<void, string> {
    const expiresWallMs = checkPair(pair);
    if (!expiresWallMs.ok) return expiresWallMs;
    const certificate = Buffer.from(pair.certificate);
    if (this.#current?.certificate.equals(certificate)) return ok(undefined);
    this.#current = { certificate, privateKey: Buffer.from(pair.privateKey), expiresWallMs: expiresWallMs.value };
    for (const listener of this.#listeners) listener(this.#current);
    return ok(undefined);
  }

  /** When the certificate in use expires, wall-clock milliseconds; undefined before the first. */
  get expiresWallMs(): number | undefined {
    return this.#current?.expiresWallMs;
  }

  /** For the gRPC server. Until the first pair it drops connections. */
  serverCredentials(): ServerCredentials {
    const provider: experimental.CertificateProvider = {
      addCaCertificateListener: () => undefined,
      removeCaCertificateListener: () => undefined,
      addIdentityCertificateListener: (listener) => {
        this.#listeners.add(listener);
        // Not at once: grpc-js 1.14 registers its own listener only after this call, and would miss the first pair.
        queueMicrotask(() => listener(this.#current ?? null));
      },
      removeIdentityCertificateListener: (listener) => {
        this.#listeners.delete(listener);
      },
    };
    // grpc-js 1.14 names its parameters the wrong way round: the first one is the identity, the second the (absent) client CA.
    return experimental.createCertificateProviderServerCredentials(provider, null, false);
  }
}

function checkPair({ certificate, privateKey }: CertificatePair): Result<number, string> {
  try {
    const parsed = new X509Certificate(certificate);
    if (!parsed.checkPrivateKey(createPrivateKey(privateKey))) return err('the private key does not belong to the certificate');
    return ok(Date.parse(parsed.validTo));
  } catch (cause) {
    return err(`not a PEM certificate with its PEM private key: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

/** Where a pair lies, and who is told that it could not be used. */
export type CertificateFilesOptions = {
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly clock: Clock;
  /** Told once for each new problem; the last good pair stays in use. */
  readonly onProblem: (problem: string) => void;
};

/**
 * Keeps an identity equal to two files, which cert-manager or a Secret volume replace while we run. Both are read each time;
 * a pair that was caught half replaced fails the check and is read again at the next look.
 */
export class CertificateFiles {
  readonly identity = new ServerIdentity();
  readonly #options: CertificateFilesOptions;
  #timer: Timer | undefined;
  #lastProblem: string | undefined;
  #stopped = false;

  constructor(options: CertificateFilesOptions) {
    this.#options = options;
  }

  /** Reads the files for the first time and keeps looking at them. The error names the files. */
  async start(): Promise<Result<void, string>> {
    const result = await this.#load();
    if (result.ok) this.#schedule();
    return result;
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#timer = this.#options.clock.after(limits.certificatePollMs, () => {
      void this.#load().then((result) => {
        const problem = result.ok ? undefined : result.error;
        if (problem !== undefined && problem !== this.#lastProblem) this.#options.onProblem(problem);
        this.#lastProblem = problem;
        this.#schedule();
      });
    });
  }

  async #load(): Promise<Result<void, string>> {
    const { certificateFile, keyFile } = this.#options;
    try {
      const [certificate, privateKey] = await Promise.all([readFile(certificateFile, 'utf8'), readFile(keyFile, 'utf8')]);
      const updated = this.identity.update({ certificate, privateKey });
      return updated.ok ? updated : err(`${certificateFile} and ${keyFile}: ${updated.error}`);
    } catch (cause) {
      return err(`TLS files can't be read: ${cause instanceof Error ? cause.message : String(cause)}`);
    }
  }
}
