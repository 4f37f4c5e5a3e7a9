// Names and what they stand for, one a line; a line without anything to say is left out.
// Read aloud as a list of terms.
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
