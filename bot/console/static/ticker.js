// A clock of its own: browsers let the clocks of a page that nobody looks at run once a minute, and this one not.
setInterval(() => postMessage(0), 250);
