// The whole page: the door, or the desk with its bar, its list, the conversation and the customer.

import { useEffect } from "preact/hooks";
import { current, link, offers, where } from "../../store.ts";
import { counted, language, t } from "../../words/index.ts";
import { Banner, Blocked } from "../Banner/Banner.tsx";
import { Conversation } from "../Conversation/Conversation.tsx";
import { CustomerCard } from "../Customer/CustomerCard.tsx";
import { Door } from "../Door/Door.tsx";
import { Help } from "../Help/Help.tsx";
import { Notices } from "../Notices/Notices.tsx";
import { Opening } from "../Opening/Opening.tsx";
import { Offers } from "../Offers/Offers.tsx";
import { TopBar } from "../TopBar/TopBar.tsx";
import { WorkList } from "../WorkList/WorkList.tsx";
import "./app.css";

export function App() {
  const place = where.value;
  const open = offers.value.length;
  useEffect(() => {
    document.documentElement.lang = language.value;
    document.title = place.at === "desk" && open > 0 ? counted("app.title_offers", open) : t("app.name");
  }, [language.value, place.at, open]);

  if (place.at === "door") return <Door because={place.because} />;
  if (place.at === "loading") {
    return (
      <main class="loading" aria-busy="true">
        <h1>{t("app.name")}</h1>
        <p role="status">{t("app.loading")}</p>
      </main>
    );
  }
  const isBlocked = link.value.state === "superseded" || link.value.state === "refused";
  return (
    <div class="app">
      <a class="skip" href="#conversation">
        {t("app.skip")}
      </a>
      <TopBar me={place.me} />
      <Banner />
      {isBlocked ? (
        <Blocked />
      ) : (
        <div class="columns">
          <div class="left">
            <Offers me={place.me} />
            <WorkList />
          </div>
          <Conversation me={place.me} work={current.value} />
          <CustomerCard me={place.me} work={current.value} />
        </div>
      )}
      <Notices />
      <Help />
      <Opening me={place.me} />
    </div>
  );
}
