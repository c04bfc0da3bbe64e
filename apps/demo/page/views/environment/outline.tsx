import type { ComponentConfig, EnvironmentDocument, GlobalId } from "@laila/schema";
import type { ComponentChildren } from "preact";
import { count } from "../../core/format.js";
import { poolNamesOf } from "../../core/pools.js";
import { Badge } from "../../ui/parts.js";
import { Fields, PoolRef } from "./fields.js";

/** More components than that are closed at first. */
const openUpTo = 5;

/** A document for people: what there is, by name, and its fields. */
export function Outline({ environment }: { readonly environment: EnvironmentDocument }) {
  const { global_id, nickname, central } = environment.policy;
  const { alpha_pool, pool_router } = central.memory;
  const { pools, pools_nicknames, affinities, proxies } = pool_router;
  const { alpha_taskforce, taskforces } = central.command;
  const { connections } = central.communication;
  const names = poolNamesOf(environment);
  const titles = new Map(Object.entries(pools_nicknames).map(([name, id]) => [id, name]));
  return (
    <div class="outline">
      <Section title="Policy">
        <Fields of={{ ...(nickname === undefined ? {} : { nickname }), global_id }} names={names} />
      </Section>
      <Section title={count(Object.keys(pools).length, "pool")}>
        <Components of={pools} titles={titles} alpha={alpha_pool} />
      </Section>
      <Section title="Routing: which names lead where">
        <dl class="doc-fields">
          {Object.entries(pools_nicknames)
            .sort(([a], [b]) => byName(a, b))
            .map(([name, id]) => (
              <div key={name}>
                <dt class="mono">{name}</dt>
                <dd>
                  <PoolRef id={id} names={names} />
                  {affinities[id] === undefined ? null : (
                    <span class="quiet small"> affinity {affinities[id]}</span>
                  )}
                </dd>
              </div>
            ))}
          <div>
            <dt>without a name</dt>
            <dd>
              <PoolRef id={alpha_pool} names={names} /> <Badge>alpha</Badge>
            </dd>
          </div>
        </dl>
      </Section>
      {Object.keys(proxies).length === 0 ? null : (
        <Section title="Tiers: caches and their origins">
          <dl class="doc-fields">
            {Object.entries(proxies)
              .sort(([a], [b]) => byName(names.get(a), names.get(b)))
              .map(([cache, origin]) => (
                <div key={cache}>
                  <dt>
                    <PoolRef id={cache} names={names} />
                  </dt>
                  <dd>
                    reads through to <PoolRef id={origin} names={names} />
                  </dd>
                </div>
              ))}
          </dl>
        </Section>
      )}
      <Section title={count(Object.keys(taskforces).length, "taskforce")}>
        <Components of={taskforces} alpha={alpha_taskforce} />
      </Section>
      {Object.keys(connections).length === 0 ? null : (
        <Section title={count(Object.keys(connections).length, "connection")}>
          <Components of={connections} />
        </Section>
      )}
    </div>
  );
}

function Section({
  title,
  children,
}: {
  readonly title: string;
  readonly children: ComponentChildren;
}) {
  return (
    <section>
      <h3>{title}</h3>
      {children}
    </section>
  );
}

/** As people count: cache-2 before cache-10, and what has no name last. */
function byName(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  return a.localeCompare(b, undefined, { numeric: true });
}

/** A pool's own fields name no other pool. */
const noNames: ReadonlyMap<GlobalId, string> = new Map();

function Components({
  of,
  titles = noNames,
  alpha,
}: {
  readonly of: Readonly<Record<GlobalId, ComponentConfig>>;
  /** The names that lead there. */
  readonly titles?: ReadonlyMap<GlobalId, string>;
  readonly alpha?: GlobalId;
}) {
  const all = Object.entries(of).sort(([a, one], [b, other]) =>
    byName(titles.get(a) ?? one.nickname, titles.get(b) ?? other.nickname),
  );
  return (
    <div class="doc-components">
      {all.map(([id, { class_token, nickname, package: from, ...fields }]) => {
        const called = titles.get(id) ?? nickname;
        return (
          <details key={id} class="doc-component" open={all.length <= openUpTo}>
            <summary class="doc-component-name">
              <strong>{called ?? class_token}</strong>
              {called === undefined ? null : <span class="mono">{class_token}</span>}
              {from === undefined ? null : <span class="quiet small">{from}</span>}
              {id === alpha ? <Badge>alpha</Badge> : null}
            </summary>
            <Fields
              of={{ global_id: id, ...(nickname === undefined ? {} : { nickname }), ...fields }}
              names={noNames}
            />
          </details>
        );
      })}
    </div>
  );
}
