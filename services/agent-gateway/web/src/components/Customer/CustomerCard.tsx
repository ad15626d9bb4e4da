// Who the customer is: what came with the work at once, the record as soon as it is read, and the facts of this interaction.

import { useEffect } from "preact/hooks";
import type { Me, PastConversation } from "../../api.ts";
import { day, languageName, moment } from "../../format.ts";
import { learn } from "../../permission.ts";
import type { Work } from "../../state/desk.ts";
import { now, older, readCustomer, records } from "../../store.ts";
import { hasWords, inWords, t } from "../../words/index.ts";
import { Permissions } from "../Permission/Permission.tsx";
import { channelName, customerName, shownAddresses } from "../parts/names.ts";
import "./customer.css";

export function CustomerCard({ me, work }: { readonly me: Me; readonly work: Work | undefined }) {
  const id = work?.view.customer;
  // The records know whose the work is once they have given its messages; asked before, they would say no.
  const isKnownThere = work !== undefined && !["loading", undefined].includes(older.value.get(work.view.id)?.state);
  useEffect(() => {
    if (id !== undefined && isKnownThere) void readCustomer(id);
  }, [id, isKnownThere]);
  const read = id === undefined ? undefined : records.value.get(id)?.customer;
  useEffect(() => {
    if (read !== undefined) void learn(read);
  }, [read]);
  if (work === undefined) return <aside class="panel customer" aria-label={t("customer.title")} />;
  const record = id === undefined ? undefined : records.value.get(id);
  const known = record?.customer ?? work.customer;
  const attributes = Object.entries(known?.attributes ?? {});
  return (
    <aside class="panel customer" aria-labelledby="customer-title">
      <h2 id="customer-title">{t("customer.title")}</h2>
      <p class="customer-name">{id === undefined ? t("customer.identifying") : customerName(known)}</p>
      <p class="customer-tags">
        {work.customer !== undefined && <span class="tag info">{t(work.customer.is_known ? "customer.known" : "customer.new")}</span>}
        {known?.is_blocked === true && <span class="tag bad">{t("customer.blocked")}</span>}
        {(known?.labels ?? []).map((each) => (
          <span key={each} class="tag">
            {each}
          </span>
        ))}
      </p>
      {record?.state === "failed" && id !== undefined && (
        <p class="quiet small">
          {t("customer.failed")}{" "}
          <button type="button" class="button plain small" onClick={() => void readCustomer(id, true)}>
            {t("conversation.retry")}
          </button>
        </p>
      )}
      <dl>
        {shownAddresses(record?.customer).map((each) => (
          <Fact key={each.address} name={familyName(each.family)} value={each.address} />
        ))}
        {known?.language !== undefined && <Fact name={t("customer.language")} value={languageName(known.language)} />}
        {record?.customer?.created_at !== undefined && <Fact name={t("customer.since")} value={day(record.customer.created_at)} />}
        {attributes.map(([name, value]) => (
          <Fact key={name} name={name} value={String(value)} />
        ))}
      </dl>
      {record?.customer !== undefined && <Permissions customer={record.customer} />}
      {(record?.customer?.lookup_urls ?? []).length > 0 && (
        <>
          <h2>{t("customer.outside")}</h2>
          <ul class="past">
            {record?.customer?.lookup_urls?.map((each) => (
              <li key={each.crm}>
                <a href={each.url} target="_blank" rel="noopener noreferrer">
                  {inWords(each.name, each.crm)}
                </a>
              </li>
            ))}
          </ul>
        </>
      )}
      <h2>{t("customer.this")}</h2>
      <dl>
        <Fact name={t("customer.on_channel")} value={channelName(work.view)} />
        <Fact name={t("customer.queue")} value={queueName(me, work)} />
        <Fact name={t("customer.arrived")} value={moment(work.view.enqueued_at, now.value)} />
        {work.view.requirement.priority !== 0 && <Fact name={t("customer.priority")} value={String(work.view.requirement.priority)} />}
      </dl>
      {record?.state === "there" && <Past past={record.past.filter((each) => each.id !== work.view.conversation)} />}
    </aside>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div class="fact">
      <dt class="quiet small">{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Past({ past }: { readonly past: readonly PastConversation[] }) {
  return (
    <>
      <h2>{t("customer.history")}</h2>
      {past.length === 0 ? (
        <p class="quiet small">{t("customer.none_earlier")}</p>
      ) : (
        <ul class="past">
          {past.map((each) => (
            <li key={each.id} class="small">
              <span>{each.subject ?? familyName(each.channel)}</span>
              <span class="quiet numbers">{moment(each.last_at, now.value)}</span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

/** A channel or a family of addresses, in words where there are some. */
function familyName(name: string): string {
  const key = `channel.${name}`;
  return hasWords(key) ? t(key) : name.replace(/^other\./, "");
}

function queueName(me: Me, { view }: Work): string {
  return inWords(me.configuration.queues?.find((each) => each.id === view.requirement.queue)?.name, view.requirement.queue);
}
