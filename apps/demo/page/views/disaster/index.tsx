export function DisasterView() {
  return (
    <div class="view">
      <h1>Disaster</h1>
    </div>
  );
}
