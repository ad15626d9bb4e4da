// The picker of templates: Enter puts the words in the box, Escape goes back to it.

import { t } from "../../words/index.ts";
import { Picker } from "../parts/Picker.tsx";

/** A template made ready for one customer: its name in the agent's language, its words in the customer's. */
export interface Ready {
  readonly id: string;
  readonly title: string;
  readonly subject: string;
  readonly text: string;
}

interface Props {
  readonly templates: readonly Ready[];
  readonly take: (template: Ready) => void;
  readonly leave: () => void;
}

export function Templates({ templates, take, leave }: Props) {
  return (
    <Picker
      id="template"
      label={t("templates.label")}
      seek={t("templates.seek")}
      items={() => templates}
      nothing={(isEmpty) => t(isEmpty ? "templates.none" : "templates.none_found")}
      take={take}
      leave={leave}
    />
  );
}
