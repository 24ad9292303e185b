import { existsSync } from 'node:fs';
import { KubeConfig } from '@kubernetes/client-node';
import { err, ok, type Result } from '#runtime/result.ts';

/**
 * Reads how to reach the API server and as whom: from `file`, or without one from `KUBECONFIG`, `~/.kube/config` or the pod's
 * service account, whichever is there first. The error is one line that names the file and says what to do.
 */
export function loadKubeconfig(file: string | undefined): Result<KubeConfig, string> {
  const where = file ?? process.env['KUBECONFIG'] ?? '~/.kube/config';
  const config = new KubeConfig();
  try {
    if (file === undefined) config.loadFromDefault();
    else config.loadFromFile(file);
  } catch (error) {
    return err(`${unreadable(where, error as NodeJS.ErrnoException)}; name a readable kubeconfig with --kubeconfig`);
  }
  // Without any source client-node falls back to a cluster on localhost:8080, which hides that nothing was configured.
  if (file === undefined && config.getCurrentCluster()?.server === 'http://localhost:8080')
    return err('no kubeconfig: there is no KUBECONFIG, no ~/.kube/config and no service account; name one with --kubeconfig');
  return checked(config, where);
}

/** Finds what would fail at the first request only. */
function checked(config: KubeConfig, where: string): Result<KubeConfig, string> {
  const context = config.currentContext;
  if (context === undefined || context === '')
    return err(`kubeconfig ${where}: current-context is not set; choose one with kubectl config use-context`);
  if (config.getContextObject(context) === null)
    return err(`kubeconfig ${where}: there is no context ${context}; choose one with kubectl config use-context`);
  const cluster = config.getCurrentCluster();
  if (cluster === null)
    return err(`kubeconfig ${where}: context ${context} names a cluster that is not in the file; correct contexts or clusters`);
  if (!URL.canParse(cluster.server))
    return err(`kubeconfig ${where}: server ${cluster.server} of cluster ${cluster.name} is not a URL; write https://HOST:PORT`);
  if (cluster.server.startsWith('http:') && !cluster.skipTLSVerify)
    return err(
      `kubeconfig ${where}: server ${cluster.server} is plain HTTP; write https, or insecure-skip-tls-verify: true where it is meant`,
    );
  const user = config.getCurrentUser();
  if (user === null) return err(`kubeconfig ${where}: context ${context} names a user that is not in the file; correct contexts or users`);
  for (const [field, path] of [
    ['certificate-authority', cluster.caFile],
    ['client-certificate', user.certFile],
    ['client-key', user.keyFile],
  ] as const) {
    if (path !== undefined && !existsSync(path)) return err(`kubeconfig ${where}: ${field} ${path} does not exist; correct the path`);
  }
  return ok(config);
}

function unreadable(where: string, error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return `kubeconfig ${where} does not exist`;
  if (error.code === 'EACCES') return `kubeconfig ${where} may not be read by this user`;
  if (error.code === 'EISDIR') return `kubeconfig ${where} is a folder`;
  // A YAML error spans lines and quotes the file, which has secrets: only its first line is shown.
  return `kubeconfig ${where} is not valid: ${error.message.split('\n')[0]}`;
}
