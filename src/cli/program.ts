import { Command } from 'commander';
import { flag, listOf, logLevelFlag, parseAddress, parseEndpoint, parseUnixPath, splitHostPort, wholeNumber } from './flags.ts';
import { version } from './version.ts';

/** All subcommands with their flags. Their code is imported when they run, so that `--help` and small commands start fast. */
export function createProgram(env: NodeJS.ProcessEnv): Command {
  const program = new Command('anycast')
    .description('Announces Kubernetes services over BGP from many places, and stops within milliseconds where one can no longer serve.')
    .version(`anycast ${version} (Node ${process.versions.node})`, '--version', 'print version and Node')
    .configureHelp({ sortOptions: true, sortSubcommands: true });
  program.addCommand(operatorCommand(env));
  program.addCommand(speakerCommand(env));
  program.addCommand(collectorCommand());
  program.addCommand(demoCommand());
  program.addCommand(crdsCommand());
  program.addCommand(versionCommand());
  for (const command of [program, ...program.commands]) {
    // One line, also where a suggestion follows.
    command.exitOverride().configureOutput({ outputError: (text, write) => write(`anycast: ${text.trim().replaceAll('\n', ' ')}\n`) });
  }
  return program;
}

function operatorCommand(env: NodeJS.ProcessEnv): Command {
  const namespace = env['POD_NAMESPACE'] ?? 'anycast-system';
  return new Command('operator')
    .description('decide what every node announces (the only part that talks to the API server)')
    .addOption(flag('--kubeconfig <file>', 'kubeconfig of the API server; in a pod: its service account').env('KUBECONFIG'))
    .addOption(
      flag('--namespace <name>', 'namespace of the Lease, the speakers, and Secrets with passwords; in a pod: POD_NAMESPACE').default(
        namespace,
      ),
    )
    .addOption(flag('--identity <name>', 'name in the Lease by which replicas choose who leads; default: host name and a random part'))
    .addOption(
      flag('--listen-http <address:port>', 'where health (/livez, /readyz) and /metrics are served')
        .argParser(parseEndpoint)
        .default({ address: '::', port: 9440 }, '[::]:9440'),
    )
    .addOption(
      flag('--listen-grpc <address:port>', 'where speakers connect')
        .argParser(parseEndpoint)
        .default({ address: '::', port: 9441 }, '[::]:9441'),
    )
    .addOption(flag('--tls-cert <file>', 'certificate shown to speakers, PEM; read again when it changes'))
    .addOption(flag('--tls-key <file>', 'its private key, PEM'))
    .addOption(flag('--insecure', 'no TLS towards speakers; only with a loopback --listen-grpc').default(false))
    .addOption(flag('--speaker-account <user>', 'the user that speakers are; default: service account anycast-speaker of --namespace'))
    .addOption(logLevelFlag())
    .action(async (options) => (await import('./run-operator.ts')).runOperator(options));
}

function speakerCommand(env: NodeJS.ProcessEnv): Command {
  const nodeName = env['NODE_NAME'];
  const node = flag('--node <name>', 'name of this node; in a pod: NODE_NAME');
  if (nodeName !== undefined) node.default(nodeName);
  return new Command('speaker')
    .description('announce over BGP from this node, told by operators or by a file')
    .addOption(
      flag('--operator <host:port,…>', 'operators to obey; a name may resolve to several')
        .argParser(listOf(splitHostPort))
        .conflicts('config'),
    )
    .addOption(flag('--config <file>', 'announce what this YAML file says, without operators; read again on SIGHUP'))
    .addOption(node)
    .addOption(
      flag('--state-dir <dir>', 'where what was ordered is kept, for the next start; one folder per speaker').default(
        '/var/lib/anycast-operator',
      ),
    )
    .addOption(flag('--admin <unix:path>', 'unix socket with HTTP and JSON, mode 0600: look, withdraw, isolate').argParser(parseUnixPath))
    .addOption(
      flag('--listen-http <address:port>', 'where health (/livez, /readyz) and /metrics are served')
        .argParser(parseEndpoint)
        .default({ address: '::', port: 9442 }, '[::]:9442'),
    )
    .addOption(
      flag('--source-address <address,…>', 'local address of sessions whose peer names none, at most one per family').argParser(
        listOf(parseAddress),
      ),
    )
    .addOption(
      flag(
        '--listen <address:port,…>',
        'where routers may connect, at most one per family, such as 0.0.0.0:179,[::]:179; default: nowhere. Ports below 1024 need CAP_NET_BIND_SERVICE',
      ).argParser(listOf(parseEndpoint)),
    )
    .addOption(
      flag('--record <file>', 'add all that happens on BGP sessions to this file, JSON lines; for finding faults, it grows without bound'),
    )
    .addOption(flag('--tls-ca <file>', 'certificate authority of the operators, PEM'))
    .addOption(flag('--tls-server-name <name>', 'name that the operators’ certificate must have; default: the host of --operator'))
    .addOption(
      flag('--token-file <file>', 'service-account token shown to operators, for audience anycast-operator.io').default(
        '/var/run/secrets/anycast-operator.io/serviceaccount/token',
      ),
    )
    .addOption(flag('--insecure', 'no TLS towards operators; only for loopback addresses').default(false))
    .addOption(logLevelFlag())
    .action(async (options) => (await import('./run-speaker.ts')).runSpeaker(options));
}

function collectorCommand(): Command {
  return new Command('collector')
    .description('listen for BGP, announce nothing, show what a router would have')
    .addOption(
      flag('--listen <address:port>', 'where BGP peers connect').argParser(parseEndpoint).default({ address: '::', port: 179 }, '[::]:179'),
    )
    .addOption(flag('--asn <number>', 'our AS number, required').argParser(wholeNumber(1, 4_294_967_294)).makeOptionMandatory())
    .addOption(flag('--router-id <address>', 'our BGP Identifier, an IPv4 address, required').argParser(parseAddress).makeOptionMandatory())
    .addOption(flag('--peer-asn <number|any>', 'AS number of the peers').default('any'))
    .addOption(
      flag('--http <address:port>', 'where GET /routes, /sessions and /events are answered')
        .argParser(parseEndpoint)
        .default({ address: '127.0.0.1', port: 9443 }, '127.0.0.1:9443'),
    )
    .addOption(logLevelFlag())
    .action(async (options) => (await import('./run-collector.ts')).runCollector(options));
}

function demoCommand(): Command {
  return new Command('demo')
    .description('run the main job on this machine: a small API server, an operator, three speakers, two routers')
    .addOption(flag('--keep', 'leave everything running at the end and say how to look around').default(false))
    .action(async (options) => (await import('./run-demo.ts')).runDemo(options));
}

function crdsCommand(): Command {
  return new Command('crds')
    .description('print the custom resource definitions: anycast crds | kubectl apply --server-side -f -')
    .action(async () => (await import('./run-crds.ts')).runCrds());
}

function versionCommand(): Command {
  return new Command('version').description('print version and Node').action(async () => (await import('./run-version.ts')).runVersion());
}
