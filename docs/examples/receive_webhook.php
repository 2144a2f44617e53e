<?php
// A webhook receiver in PHP alone: checks the signature, drops repeats, prints what happened.
//
// WEBHOOK_SECRET=SECRET php -S 127.0.0.1:PORT docs/examples/receive_webhook.php

declare(strict_types=1);

const OLDEST_SECONDS = 300;

/** Whether $body was signed with $secret (Standard Webhooks 1.0) within the last five minutes. */
function is_genuine(string $secret, array $server, string $body): bool
{
    $id = $server['HTTP_WEBHOOK_ID'] ?? '';
    $stamp = $server['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
    if (!ctype_digit($stamp) || abs(time() - (int) $stamp) > OLDEST_SECONDS) {
        return false;
    }
    $key = base64_decode(preg_replace('/^whsec_/', '', $secret));
    $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$stamp.$body", $key, true));
    foreach (explode(' ', $server['HTTP_WEBHOOK_SIGNATURE'] ?? '') as $mark) {
        if (hash_equals($expected, $mark)) {
            return true;
        }
    }
    return false;
}

/** Whether this id comes for the first time. Every request is a process of its own mind: a file remembers. */
function is_new(string $id): bool
{
    return @fopen(sys_get_temp_dir() . '/webhook-' . hash('sha256', $id), 'x') !== false;
}

$body = file_get_contents('php://input');
if (!is_genuine(getenv('WEBHOOK_SECRET'), $_SERVER, $body)) {
    http_response_code(401);
    return;
}
http_response_code(204);
if (is_new($_SERVER['HTTP_WEBHOOK_ID'])) {
    $told = json_decode($body, true);
    file_put_contents('php://stdout', $told['event'] . ' - ' . ($told['incident']['title'] ?? 'a test') . "\n");
}
