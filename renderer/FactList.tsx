// A list of names and values, one pair per line; a pair without a value is left out.
// Marked up as a description list, so that screen readers read each name together with its value.
export type Fact = readonly [name: string, value: React.ReactNode]

export function FactList({ rows }: { rows: readonly Fact[] }) {
  return (
    <dl className="facts">
      {rows
        .filter(([, value]) => value)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  )
}
