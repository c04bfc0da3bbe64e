export function SetupView() {
  return (
    <div class="view">
      <h1>Set-up</h1>
    </div>
  );
}
