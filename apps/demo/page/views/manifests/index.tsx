export function ManifestsView() {
  return (
    <div class="view">
      <h1>Manifests</h1>
    </div>
  );
}
