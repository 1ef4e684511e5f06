import { type Client, escapeIdentifier } from "pg";

const firstDelayMs = 100;
const longestDelayMs = 5_000;

type OnNotify = (payload: string) => void;

export type PostgresListener = {
  /** Calls back on every notification of the channel; resolves once the server listens, to a function that stops. */
  listen(channel: string, onNotify: OnNotify): Promise<() => Promise<void>>;
  close(): Promise<void>;
};

type Channels = {
  names(): readonly string[];
  add(channel: string, onNotify: OnNotify): void;
  /** Tells whether that was the channel's last one. */
  remove(channel: string, onNotify: OnNotify): boolean;
  notify(channel: string, payload: string): void;
};

/** Who wants to hear what. */
function createChannels(): Channels {
  const channels = new Map<string, Set<OnNotify>>();
  return {
    names: () => [...channels.keys()],
    add(channel, onNotify) {
      channels.set(channel, (channels.get(channel) ?? new Set()).add(onNotify));
    },
    remove(channel, onNotify) {
      const listening = channels.get(channel);
      if (listening?.delete(onNotify) !== true || listening.size > 0) return false;
      return channels.delete(channel);
    },
    notify(channel, payload) {
      for (const onNotify of channels.get(channel) ?? []) onNotify(payload);
    },
  };
}

/** Does something on the connection that a caller waits for; the connection alone would not keep the process from ending. */
async function holdingProcess<T>(work: () => Promise<T>): Promise<T> {
  const hold = setInterval(() => {}, 1_000_000);
  try {
    return await work();
  } finally {
    clearInterval(hold);
  }
}

/** Connects, and listens to every channel that is wanted now; `onEnd` hears of the end of a connection that worked. */
async function connect(client: Client, channels: Channels, onEnd: () => void): Promise<Client> {
  client.on("error", () => {}); // that the connection is lost is heard of by "end"
  client.on("notification", ({ channel, payload }) => channels.notify(channel, payload ?? ""));
  await client.connect();
  (client as Client & { unref(): void }).unref(); // it has that method; its types do not say so
  try {
    for (const channel of channels.names()) await client.query(`listen ${escapeIdentifier(channel)}`);
  } catch (error) {
    await client.end().catch(() => {});
    throw error;
  }
  client.on("end", onEnd);
  return client;
}

/**
 * Listens on one connection of its own, opened by the first `listen`. When it is lost it is opened again with back-off
 * (0.1 s doubling to 5 s) and every channel is listened to again. Postgres keeps no notifications for the absent, so
 * after a reconnect everyone is called once, with an empty payload: "look for yourself". Neither the waiting nor the
 * connection keeps the process alive.
 */
export function createPostgresListener(createClient: () => Client): PostgresListener {
  const channels = createChannels();
  let connecting: Promise<Client> | undefined;
  let retry: NodeJS.Timeout | undefined;
  let closed = false;

  function lost(): void {
    connecting = undefined;
    reconnectIn(firstDelayMs);
  }

  /** The connection, made if there is none; of a failed attempt nothing is kept. */
  async function connection(): Promise<Client> {
    const attempt = (connecting ??= connect(createClient(), channels, lost));
    try {
      return await attempt;
    } catch (error) {
      if (connecting === attempt) connecting = undefined;
      throw error;
    }
  }

  async function reconnect(delayMs: number): Promise<void> {
    try {
      await connection();
      for (const channel of channels.names()) channels.notify(channel, "");
    } catch {
      reconnectIn(Math.min(delayMs * 2, longestDelayMs));
    }
  }

  function reconnectIn(delayMs: number): void {
    if (closed || channels.names().length === 0) return;
    clearTimeout(retry);
    retry = setTimeout(() => void reconnect(delayMs), delayMs);
    retry.unref();
  }

  async function stop(channel: string, onNotify: OnNotify): Promise<void> {
    if (!channels.remove(channel, onNotify) || closed) return;
    const client = await connecting?.catch(() => undefined);
    // A connection lost meanwhile listens to nothing any more.
    await client?.query(`unlisten ${escapeIdentifier(channel)}`).catch(() => {});
  }

  return {
    async listen(channel, onNotify) {
      const own: OnNotify = (payload) => onNotify(payload); // so that one function may listen twice
      channels.add(channel, own);
      try {
        await holdingProcess(async () => {
          const client = await connection();
          await client.query(`listen ${escapeIdentifier(channel)}`);
        });
      } catch (error) {
        channels.remove(channel, own);
        throw error;
      }
      return () => holdingProcess(() => stop(channel, own));
    },
    async close() {
      closed = true;
      clearTimeout(retry);
      await holdingProcess(async () => (await connecting?.catch(() => undefined))?.end());
    },
  };
}
