import type { ComponentConfig, EnvironmentDocument, GlobalId } from "@laila/schema";
import type { ComponentChildren } from "preact";
import { count, shortId } from "../../core/format.js";
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
  const components = (of: Readonly<Record<GlobalId, ComponentConfig>>, alpha?: GlobalId) => (
    <Components of={of} names={names} alpha={alpha} />
  );
  return (
    <div class="outline">
      <Section title="Policy">
        <Fields of={{ ...(nickname === undefined ? {} : { nickname }), global_id }} names={names} />
      </Section>
      <Section title={count(Object.keys(pools).length, "pool")}>
        {components(pools, alpha_pool)}
      </Section>
      <Section title="Routing: which names lead where">
        <dl class="doc-fields">
          {Object.entries(pools_nicknames).map(([name, id]) => (
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
            {Object.entries(proxies).map(([cache, origin]) => (
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
        {components(taskforces, alpha_taskforce)}
      </Section>
      {Object.keys(connections).length === 0 ? null : (
        <Section title={count(Object.keys(connections).length, "connection")}>
          {components(connections)}
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

function Components({
  of,
  names,
  alpha,
}: {
  readonly of: Readonly<Record<GlobalId, ComponentConfig>>;
  readonly names: ReadonlyMap<GlobalId, string>;
  readonly alpha: GlobalId | undefined;
}) {
  const all = Object.entries(of);
  return (
    <div class="doc-components">
      {all.map(([id, { class_token, nickname, package: from, ...fields }]) => (
        <details key={id} class="doc-component" open={all.length <= openUpTo}>
          <summary class="doc-component-name">
            <strong>{names.get(id) ?? nickname ?? shortId(id)}</strong>
            <span class="mono">{class_token}</span>
            {from === undefined ? null : <span class="quiet small">{from}</span>}
            {id === alpha ? <Badge>alpha</Badge> : null}
          </summary>
          <Fields
            of={{ global_id: id, ...(nickname === undefined ? {} : { nickname }), ...fields }}
            names={new Map()}
          />
        </details>
      ))}
    </div>
  );
}
