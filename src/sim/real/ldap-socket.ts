/** The simulator's directory on real sockets: LDAP over TCP, over TLS from the first byte, or with StartTLS. */
import { createServer, type Server, type Socket } from "node:net";
import { createSecureContext, createServer as createTlsServer, type SecureContext, TLSSocket } from "node:tls";
import type { LdapConversation, LdapDirectory } from "../actors/ldap-directory.ts";

export type LdapListen = {
  readonly address: string;
  /** undefined: no plain LDAP. */
  readonly port: number | undefined;
  readonly tls: { readonly port: number | undefined; readonly certificatePem: string; readonly keyPem: string } | undefined;
};
export type LdapPorts = { readonly port: number | undefined; readonly tlsPort: number | undefined };

const CHUNK_BYTES = 65_536;

/** Answers until closed. Port 0 takes a free one. */
export async function serveLdap(directory: LdapDirectory, { address, port, tls }: LdapListen): Promise<LdapPorts & { close(): void }> {
  const identity = tls === undefined ? undefined : { cert: tls.certificatePem, key: tls.keyPem };
  const context = identity === undefined ? undefined : createSecureContext(identity);
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  const converse = (socket: Socket): void => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    carry(directory.connect(), socket, context);
  };
  const listening = async (server: Server, on: number): Promise<number> => {
    servers.push(server);
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(on, address, resolve);
    });
    const bound = server.address();
    return typeof bound === "object" && bound !== null ? bound.port : on;
  };
  return {
    port: port === undefined ? undefined : await listening(createServer(converse), port),
    tlsPort: identity === undefined || tls?.port === undefined ? undefined : await listening(createTlsServer(identity, converse), tls.port),
    close: () => {
      for (const server of servers) server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function carry(conversation: LdapConversation, socket: Socket, context: SecureContext | undefined): void {
  socket.on("error", () => socket.destroy());
  const take = (chunk: Uint8Array): void => {
    const { bytes, startTls, ends } = conversation.heard(chunk);
    for (const message of bytes) for (let at = 0; at < message.length; at += CHUNK_BYTES) socket.write(message.subarray(at, at + CHUNK_BYTES));
    if (ends) socket.end();
    if (!startTls || context === undefined) return;
    socket.off("data", take);
    carry(conversation, new TLSSocket(socket, { isServer: true, secureContext: context }), undefined);
  };
  socket.on("data", take);
}
