// What keeps a partner's page in touch with its Python: NiceGUI's own socket and messages, without NiceGUI's drawing.
// The page is HTML before any script runs, so Vue and Quasar would have nothing to draw. Out go events (`emitEvent`), in come
// calls of a function here (`call`), code (`run_javascript`) and addresses (`open`). A page without its socket goes on saving:
// the journal has its own way.
(() => {
  "use strict";
  const place = document.getElementById("live");
  if (!place || !window.io) return;
  let mine = JSON.parse(place.dataset.live); // {client, next, listeners, path}
  let socket = null, acknowledged = -1, queue = Promise.resolve();
  const tab = crypto.randomUUID?.() ?? String(Math.random());

  const query = () => ({
    client_id: mine.client, next_message_id: mine.next, implicit_handshake: true, document_id: tab, tab_id: tab,
  });

  function connect() {
    window.clientId = mine.client;
    window.did_handshake = false;
    socket = io(location.origin, { path: mine.path, query: query(), transports: ["websocket", "polling"], tryAllTransports: true, forceNew: true });
    socket.io.on("reconnect_attempt", () => { socket.io.opts.query = query(); });
    socket.on("connect", () => { window.did_handshake = true; dispatchEvent(new CustomEvent("live")); });
    socket.on("disconnect", () => { window.did_handshake = false; });
    socket.on("connect_error", (error) => { if (error.message === "Implicit handshake failed") begin(); });
    for (const [name, handle] of Object.entries(MESSAGES)) socket.on(name, (message) => take(message, handle));
    window.socket = socket;
  }

  // Messages are numbered; one that was taken already, and comes again after a cut, is not taken twice.
  function take(message, handle) {
    if (message?._id !== undefined) {
      if (message._id < mine.next) return;
      mine.next = message._id + 1;
    }
    queue = queue.then(() => handle(message)).catch((problem) => console.error(problem));
  }

  const MESSAGES = {
    call: ({ name, args }) => {
      const [holder, deed] = name.split(".");
      return window[holder]?.[deed]?.(...args);
    },
    run_javascript: async ({ code, request_id }) => {
      const result = await evaluated(code);
      if (request_id) socket.emit("javascript_response", { request_id, client_id: mine.client, result });
    },
    open: ({ path }) => location.assign(path),
  };

  function evaluated(code) {
    try { return (0, eval)(code); } catch (problem) {
      if (!(problem instanceof SyntaxError)) throw problem;
      return (0, eval)(`(async () => {${code}})()`);
    }
  }

  window.emitEvent = (name, ...args) => {
    if (!window.did_handshake) return;
    mine.listeners.filter(([type]) => type === name).forEach(([, listener]) =>
      socket.emit("event", { id: 0, client_id: mine.client, listener_id: listener, args: args.map((one) => JSON.stringify(one)) }));
  };

  // The portal has forgotten this page: it was started anew, or the page slept too long. Whoever is typing must not lose the place,
  // so a page with questions gets a new partner at the other end instead of being loaded again.
  async function begin() {
    socket.close();
    if (!document.querySelector("[data-question]")) return location.reload();
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      const found = answer.ok && !answer.redirected && new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
      if (!found) return setTimeout(begin, 5000); // not let in any more: the journal says so, with the next key
      mine = JSON.parse(found.dataset.live);
      connect();
    } catch {
      setTimeout(begin, 3000);
    }
  }

  // Somebody has signed this device out from another one: nothing of the page stays on the screen.
  window.live = { leave: (path) => location.replace(path) };

  setInterval(() => {
    if (!window.did_handshake || acknowledged >= mine.next) return;
    socket.emit("ack", { client_id: mine.client, next_message_id: mine.next });
    acknowledged = mine.next;
  }, 3000);
  connect();
})();
