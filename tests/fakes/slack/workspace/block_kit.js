// Block Kit as elements. What is done with them is told to `act`: a press or a value.

import { mrkdwn } from "./mrkdwn.js";

export const node = (tag, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};

export function drawn(blocks, names, act) {
  const text = (object) =>
    object.type === "mrkdwn" ? mrkdwn(object.text, names) : node("p", { textContent: object.text });

  const element = (part, block) => {
    switch (part.type) {
      case "button":
        return node("button", {
          type: "button",
          className: part.style ?? "",
          textContent: part.text.text,
          onclick: () => {
            if (part.url) open(part.url, "_blank", "noopener");
            act.press(part.text.text);
          },
        });
      case "plain_text_input":
        return node(part.multiline ? "textarea" : "input", {
          name: part.action_id,
          value: part.initial_value ?? "",
          placeholder: part.placeholder?.text ?? "",
          onchange: ({ target }) => act.enter(part.action_id, target.value),
          onkeydown: (event) => block.dispatch_action && event.key === "Enter" && event.target.blur(),
        });
      case "image":
        return node("img", { src: part.image_url, alt: part.alt_text });
      default:
        return part.text ? text(part) : node("em", { textContent: part.type });
    }
  };

  const drawers = {
    divider: () => node("hr"),
    header: (block) => node("h3", { textContent: block.text.text }),
    section: (block) => {
      const parts = [block.text, ...(block.fields ?? [])].filter(Boolean).map(text);
      return node("div", { className: "section" }, ...parts, ...extra(block));
    },
    context: (block) =>
      node("div", { className: "context" }, ...block.elements.map((each) => element(each, block))),
    actions: (block) =>
      node("div", { className: "actions" }, ...block.elements.map((each) => element(each, block))),
    input: (block) => node("label", {}, block.label.text, element(block.element, block)),
  };
  const extra = (block) => (block.accessory ? [element(block.accessory, block)] : []);
  return blocks.map((block) => drawers[block.type]?.(block) ?? node("em", {}, block.type));
}
