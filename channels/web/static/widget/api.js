import { remember, startAfresh, visitor } from "./storage.js";

const PATIENCE_MS = 15_000;
const SILENCE_MS = 40_000; // the server says something every 15 s

/** The server's "no", with words for the customer. `final`: asking again won't help. */
export class Refused extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
    this.final = status < 500 && ![408, 425, 429].includes(status);
  }
}

export class Api {
  heardAt = 0;

  constructor(base, desk) {
    this.base = base;
    this.desk = desk;
  }

  config = () => this.getJson("config");
  history = () => this.getJson("messages", { limit: 100 });
  send = async ({ id, text, payload }) =>
    (await this.post("messages", { id, text, payload, desk: this.desk })).json();
  typing = () => this.post("typing", { desk: this.desk, on: true });
  seen = (id) => this.post("seen", { desk: this.desk, id });

  /** Hears server-sent events, once `opened`, until the stream ends; throws when it falls silent. */
  async events(cursor, signal, { opened, hear }) {
    const silence = new AbortController();
    let timer;
    const alive = () => {
      this.heardAt = Date.now();
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS);
    };
    alive();
    try {
      const response = await this.call("events", {
        query: cursor ? { cursor } : {},
        signal: AbortSignal.any([signal, silence.signal]),
      });
      opened();
      await readEvents(response.body, alive, hear);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The site's signed token that says who is here; the server hears it before anything else. */
  set identity(token) {
    this.token = token;
    this.introduction = null;
  }

  introduced() {
    this.introduction ??= this.introduce().catch((error) => {
      this.introduction = null;
      throw error;
    });
    return this.introduction;
  }

  async introduce() {
    if (!this.token) return;
    try {
      await this.sendIdentity();
      remember(this.token);
    } catch (error) {
      if (!error.final) throw error;
      console.warn(`Firstline: ${error.message}`); // to the site's makers: the visitor stays nameless
    }
  }

  async sendIdentity() {
    const identify = () => this.post("identify", { token: this.token, desk: this.desk });
    try {
      await identify();
    } catch (error) {
      if (error.status !== 409) throw error;
      startAfresh(); // this browser's chat is somebody else's
      await identify();
    }
  }

  async getJson(path, query) {
    return (await this.call(path, { query, signal: AbortSignal.timeout(PATIENCE_MS) })).json();
  }

  post(path, body) {
    return this.call(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  }

  async call(path, { query, headers, ...options }) {
    if (!["config", "identify"].includes(path)) await this.introduced();
    const url = new URL(`/web/${path}`, this.base);
    if (!options.method) url.search = new URLSearchParams({ desk: this.desk, ...query });
    const response = await fetch(url, {
      ...options,
      headers: { ...headers, Authorization: `Bearer ${visitor()}` },
      credentials: "omit",
      cache: "no-store",
    });
    if (response.ok) return response;
    const problem = await response.json().catch(() => ({}));
    const words = [problem.detail, problem.title].find((text) => typeof text === "string");
    throw new Refused(response.status, words ?? "");
  }
}

async function readEvents(body, alive, hear) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = ""; ; ) {
    const { value, done } = await reader.read();
    if (done) return;
    alive();
    const blocks = (rest + value).replaceAll("\r\n", "\n").split("\n\n");
    rest = blocks.pop();
    blocks.forEach((block) => hearBlock(block, hear));
  }
}

function hearBlock(block, hear) {
  const field = (name) =>
    block
      .split("\n")
      .filter((line) => line.startsWith(`${name}:`))
      .map((line) => line.slice(name.length + 1).trimStart())
      .join("\n");
  const data = field("data");
  if (data) hear(field("event"), JSON.parse(data));
}
