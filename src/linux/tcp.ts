import { createServer, isIP, Socket } from 'node:net';
import { err, ok, type Result } from '#runtime/result.ts';
import type { Acceptor, ByteStream, Connecting, Connector, ConnectTarget, Listener, SocketAddress } from './byte-stream.ts';
import { limits } from './limits.ts';
import { type SocketOptions, socketOptions } from './socket-options.ts';
import { describeSocketError, TcpStream } from './tcp-stream.ts';

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

  async listen(at: SocketAddress, accept: (stream: ByteStream) => void): Promise<Result<Listener, string>> {
    // allowHalfOpen: the stream itself decides what the end of the other side means, see TcpStream.
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) =>
      accept(new TcpStream(socket, this.#kernel(), [])),
    );
    server.maxConnections = limits.acceptedConnections;
    const failure = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
      server.once('error', resolve);
      server.listen(at.port, at.address, () => resolve(undefined));
    });
    if (failure !== undefined) return err(listenError(at, failure));
    server.removeAllListeners('error');
    // A failed accept (out of descriptors) costs that connection, not the listener.
    server.on('error', () => undefined);
    const bound = server.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : at.port;
    return ok({ local: { address: at.address, port }, close: () => new Promise<void>((resolve) => server.close(() => resolve())) });
  }

  #kernel(): SocketOptions | undefined {
    const options = this.#options();
    return options.ok ? options.value : undefined;
  }

  /** A socket on its way to the target. Only a hop limit needs a socket that Node did not make. */
  #open(target: ConnectTarget): Result<{ socket: Socket; caveats: readonly string[] }, string> {
    const caveats: string[] = [];
    const where = {
      host: target.address,
      port: target.port,
      ...(target.sourceAddress !== undefined && { localAddress: target.sourceAddress }),
    };
    const created = target.hopLimit === undefined ? undefined : this.#socketWithHopLimit(target.address, target.hopLimit);
    if (created?.ok) {
      const socket = new Socket({ fd: created.value, readable: true, writable: true, allowHalfOpen: true });
      return ok({ socket: socket.connect(where), caveats });
    }
    if (created !== undefined) {
      if (target.hopLimitRequired ?? true) return err(`the hop limit ${target.hopLimit} cannot be set: ${created.error}`);
      caveats.push(`the hop limit ${target.hopLimit} is not set and the kernel's default is used: ${created.error}`);
    }
    if (!this.#options().ok) caveats.push('acknowledged means handed to the kernel here: its send queue cannot be read without koffi');
    return ok({ socket: new Socket({ allowHalfOpen: true }).connect(where), caveats });
  }

  #socketWithHopLimit(address: string, hopLimit: number): Result<number, string> {
    const options = this.#options();
    return options.ok ? options.value.tcpSocket(isIP(address) === 6 ? 'IPv6' : 'IPv4', hopLimit) : options;
  }
}

function listenError(at: SocketAddress, failure: NodeJS.ErrnoException): string {
  const where = at.address.includes(':') ? `[${at.address}]:${at.port}` : `${at.address}:${at.port}`;
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
