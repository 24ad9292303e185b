import { createServer, isIP, Socket } from 'node:net';
import { err, ok, type Result } from '#runtime/result.ts';
import type {
  Acceptor,
  ByteStream,
  Connecting,
  Connector,
  ConnectTarget,
  Listener,
  ListenOptions,
  SocketAddress,
  TcpKey,
} from './byte-stream.ts';
import { limits } from './limits.ts';
import { type SocketOptions, socketOptions } from './socket-options.ts';
import { describeSocketError, descriptorOf, TcpStream } from './tcp-stream.ts';

/** TCP of this machine. `options` is how to get the kernel calls that Node lacks; tests hand in their absence. */
export class Tcp implements Connector, Acceptor {
  readonly #options: () => Result<SocketOptions, string>;

  constructor(options: () => Result<SocketOptions, string> = socketOptions) {
    this.#options = options;
  }

  connect(target: ConnectTarget, done: (result: Result<ByteStream, string>) => void): Connecting {
    const opened = this.#open(target);
    if (!opened.ok) {
      const timer = setImmediate(() => done(opened));
      return { cancel: () => clearImmediate(timer) };
    }
    const { socket, caveats } = opened.value;
    let settled = false;
    const settle = (result: Result<ByteStream, string>): void => {
      if (settled) return;
      settled = true;
      done(result);
    };
    // Stays for the life of the socket: an error without a listener would end the process.
    socket.on('error', (error: NodeJS.ErrnoException) => settle(err(describeSocketError(error))));
    socket.once('connect', () => {
      if (!settled) settle(ok(new TcpStream(socket, this.#kernel(), caveats)));
    });
    return {
      cancel: () => {
        if (settled) return;
        settled = true;
        socket.destroy();
      },
    };
  }

  async listen(at: SocketAddress, accept: (stream: ByteStream) => void, options: ListenOptions = {}): Promise<Result<Listener, string>> {
    const { admits = () => true, v6only = false } = options;
    // allowHalfOpen: the stream itself decides what the end of the other side means, see TcpStream.
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) => {
      const stream = new TcpStream(socket, this.#kernel(), []);
      if (admits(stream.remote)) accept(stream);
      else socket.destroy();
    });
    server.maxConnections = limits.acceptedConnections;
    const failure = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
      server.once('error', resolve);
      server.listen({ port: at.port, host: at.address, ipv6Only: v6only }, () => resolve(undefined));
    });
    if (failure !== undefined) return err(listenError(at, failure));
    server.removeAllListeners('error');
    // A failed accept (out of descriptors) costs that connection, not the listener.
    server.on('error', () => undefined);
    const close = (): Promise<void> => new Promise((resolve) => server.close(() => resolve()));
    const prepared = this.#prepare(descriptorOf(server), at.address, options);
    if (!prepared.ok) {
      await close();
      return err(`cannot listen on ${format(at)}: ${prepared.error}`);
    }
    const bound = server.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : at.port;
    return ok({ local: { address: at.address, port }, setKey: (remote, key) => this.#setKey(descriptorOf(server), remote, key), close });
  }

  #kernel(): SocketOptions | undefined {
    const options = this.#options();
    return options.ok ? options.value : undefined;
  }

  /** What a listener and all that it accepts begin with. */
  #prepare(fd: number, address: string, { vrf, protection }: ListenOptions): Result<void, string> {
    if (vrf === undefined && protection === undefined) return ok(undefined);
    const options = this.#options();
    if (!options.ok) return vrf === undefined ? ok(undefined) : options;
    const bound = vrf === undefined ? ok(undefined) : options.value.bindToDevice(fd, vrf);
    return bound.ok ? options.value.protect(fd, address, protection ?? {}) : bound;
  }

  #setKey(fd: number, remote: string, key: TcpKey | undefined): Result<void, string> {
    const options = this.#options();
    if (!options.ok) return key === undefined ? ok(undefined) : options;
    // The kernel replaces a key of TCP MD5 at once: without one in between it would take what is not signed.
    if (key?.kind !== 'MD5') options.value.removeKey(fd, remote);
    return key === undefined ? ok(undefined) : options.value.protect(fd, remote, { key });
  }

  /** A socket on its way to the target. Only what Node's sockets lack needs one that Node did not make. */
  #open(target: ConnectTarget): Result<{ socket: Socket; caveats: readonly string[] }, string> {
    const { address, port, sourceAddress, interface: scope } = target;
    const host = scope === undefined ? address : `${address}%${scope}`;
    const where = { host, port, ...(sourceAddress !== undefined && { localAddress: sourceAddress }) };
    const { required, names } = asked(target);
    const options = this.#options();
    if (!options.ok) {
      if (required) return err(`${names.join(', ')} cannot be set: ${options.error}`);
      const caveats = names.map((name) => `${name} is not set and the kernel's default is used: ${options.error}`);
      caveats.push('acknowledged means handed to the kernel here: its send queue cannot be read without koffi');
      return ok({ socket: new Socket({ allowHalfOpen: true }).connect(where), caveats });
    }
    const created = options.value.tcpSocket(isIP(address) === 6 ? 'IPv6' : 'IPv4');
    if (!created.ok) return created;
    const fd = created.value;
    const bound = target.vrf === undefined ? ok(undefined) : options.value.bindToDevice(fd, target.vrf);
    const set = bound.ok ? options.value.protect(fd, address, target) : bound;
    if (!set.ok) {
      options.value.close(fd);
      return set;
    }
    const socket = new Socket({ fd, readable: true, writable: true, allowHalfOpen: true });
    return ok({ socket: socket.connect(where), caveats: [] });
  }
}

/** What a target asks of the kernel, by name, and whether it can do without. */
function asked(target: ConnectTarget): { readonly required: boolean; readonly names: readonly string[] } {
  const { hopLimit, hopLimitRequired = true, minHopLimit, key, vrf } = target;
  const names = [
    ...(hopLimit === undefined ? [] : [`the hop limit ${hopLimit}`]),
    ...(minHopLimit === undefined ? [] : [`the least hop limit ${minHopLimit}`]),
    ...(key === undefined ? [] : [`the key of ${key.kind === 'MD5' ? 'TCP MD5' : 'TCP-AO'}`]),
    ...(vrf === undefined ? [] : [`the device ${vrf}`]),
  ];
  const required = (hopLimit !== undefined && hopLimitRequired) || minHopLimit !== undefined || key !== undefined || vrf !== undefined;
  return { required, names };
}

const format = (at: SocketAddress): string => (at.address.includes(':') ? `[${at.address}]:${at.port}` : `${at.address}:${at.port}`);

function listenError(at: SocketAddress, failure: NodeJS.ErrnoException): string {
  const where = format(at);
  switch (failure.code) {
    case 'EADDRINUSE':
      return `cannot listen on ${where}: it is in use; stop what listens there, or choose another port`;
    case 'EADDRNOTAVAIL':
      return `cannot listen on ${where}: this machine does not have that address`;
    case 'EACCES':
      return `cannot listen on ${where}: permission denied; ports below 1024 need CAP_NET_BIND_SERVICE`;
    default:
      return `cannot listen on ${where}: ${failure.message}`;
  }
}
