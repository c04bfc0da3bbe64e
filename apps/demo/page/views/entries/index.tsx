export function EntriesView() {
  return (
    <div class="view">
      <h1>Entries</h1>
    </div>
  );
}
