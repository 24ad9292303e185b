import { join } from 'node:path';
import { eventually } from '../support/eventually.ts';
import type { Namespace, Network } from '../support/netns.ts';
import type { RunningProcess } from '../support/processes.ts';
import type { Scope } from '../support/scope.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { type ControlPlaneAccess, writeKubeconfig } from './control-plane.ts';

/**
 * Runs kube-proxy for one node in its namespace, in nftables mode, and returns when it has programmed the Services that exist.
 * A pod of the node is an address on its `lo`: `node.ip(['address add 10.1.1.1/32 dev lo'])`, and what listens on it.
 */
export async function startKubeProxy(
  scope: Scope,
  network: Network,
  namespace: Namespace,
  access: ControlPlaneAccess,
  nodeName: string,
): Promise<RunningProcess> {
  const kubeconfig = writeKubeconfig(join(tempFolder(scope, 'kube-proxy'), 'kubeconfig'), access, network.host.ipv4);
  await namespace.sysctl({ 'net.ipv4.ip_forward': 1, 'net.ipv6.conf.all.forwarding': 1 });
  const who = [`--kubeconfig=${kubeconfig}`, `--hostname-override=${nodeName}`, '--proxy-mode=nftables'];
  // Limits of connection tracking belong to the whole machine, not to a namespace: left as they are.
  const conntrack = ['--conntrack-max-per-core=0', '--conntrack-tcp-timeout-established=0s', '--conntrack-tcp-timeout-close-wait=0s'];
  const health = ['--healthz-bind-address=127.0.0.1:10256', '--metrics-bind-address=127.0.0.1:10249'];
  const argv: [string, ...string[]] = [join(access.servers, 'kube-proxy'), ...who, ...conntrack, ...health];
  const process = namespace.start(scope, `kube-proxy of ${nodeName}`, argv);
  await eventually(`${process.name} has programmed its rules`, async () => {
    process.mustRun();
    return (await namespace.run(['nft', 'list', 'tables'])).includes('kube-proxy');
  });
  return process;
}
