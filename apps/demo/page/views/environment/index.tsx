export function EnvironmentView() {
  return (
    <div class="view">
      <h1>Environment</h1>
    </div>
  );
}
