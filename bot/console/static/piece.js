// HTML of the server's that changes in place. What is the same before and after is not touched, nor is what the page's
// scripts have written there meanwhile (clocks, the focus, marks): each change is the difference between the HTML that
// was sent before and the HTML that is sent now.
const parsed = (html) => {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
};

// An element's first class says what it is (a clock, a button); only one of the same kind is changed into another.
const alike = (one, other) =>
  one?.nodeName === other.nodeName && (one.nodeType !== Node.ELEMENT_NODE || one.classList[0] === other.classList[0]);

function change(live, before, now) {
  const [elements, earlier, later] = [live, before, now].map((node) => [...node.childNodes]);
  if (earlier.length && elements.length !== earlier.length) { // a translator, say, has written here: all of it anew
    live.replaceChildren(...now.cloneNode(true).childNodes);
    return;
  }
  later.forEach((node, at) => {
    if (earlier[at]?.isEqualNode(node)) return;
    if (!alike(earlier[at], node)) {
      const made = node.cloneNode(true);
      if (earlier[at]) elements[at].replaceWith(made);
      else live.append(made);
    } else if (node.nodeType === Node.ELEMENT_NODE) {
      name(elements[at], earlier[at], node);
      change(elements[at], earlier[at], node);
    } else elements[at].data = node.data;
  });
  for (const gone of elements.slice(later.length, earlier.length)) gone.remove();
}

function name(live, before, now) {
  for (const { name } of before.attributes) if (!now.hasAttribute(name)) live.removeAttribute(name);
  for (const { name, value } of now.attributes) if (before.getAttribute(name) !== value) live.setAttribute(name, value);
}

export default {
  props: { html: String },
  template: "<div></div>",
  mounted() {
    this.$el.innerHTML = this.html;
  },
  watch: {
    html(now, before) {
      change(this.$el, parsed(before), parsed(now));
    },
  },
};
