'use strict';
document.getElementById('ask').addEventListener('submit', async (event) => {
  event.preventDefault();
  const token = document.getElementById('token').value;
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const answer = await fetch('/api/status', { headers });
  document.getElementById('status').textContent = JSON.stringify(await answer.json(), null, 2);
});
